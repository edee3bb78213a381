"""A run without a screen: the same campaign, shown in a terminal or a pipe, and played by typed lines or a script."""

import math
import sys
import threading
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

from rolltrain_tui.base.blame import blame
from rolltrain_tui.base.grammar import counted, fixed
from rolltrain_tui.base.json_answers import plain
from rolltrain_tui.base.memory import NotEnoughMemoryError
from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.plain.listening import is_pipe, listen
from rolltrain_tui.plain.signals import caught
from rolltrain_tui.plain.views import UNREAD, PlainView, SafeStream, View, progress_view
from rolltrain_tui.plain.voting import take_vote
from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.protocol.dials import OWN, OWN_WORDS, Dial
from rolltrain_tui.protocol.events import Event, SaveFailed
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox
from rolltrain_tui.rules.monsters.loot import ITEMS
from rolltrain_tui.story import typed_commands as typed
from rolltrain_tui.story.closing import closing_record
from rolltrain_tui.story.counsel import diagnosis_sentences
from rolltrain_tui.story.phrases import name_command, number, of_turns, title
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scene.pauses import pause_reason

if TYPE_CHECKING:
    from rolltrain_tui.runs.run import Run

WRONG_USE = 2
AUTO_EVERY = 10
"""Turns between the rolls that are told where standard output is no terminal and --plain was not given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainOptions:
    """How a run without a screen is shown."""

    plain: bool = False
    as_json: bool = False
    every: int | None = None
    """Turns between the rolls that are told; None: every roll with --plain, else every tenth."""

    @property
    def in_sentences(self) -> bool:
        """The story is told in sentences; else a progress bar stands for it."""
        return self.plain or not (sys.stdout.isatty() or self.as_json)


class PlainSession:
    """A run that is played here, the inbox for its commands, and the view that shows it."""

    def __init__(self, run: "Run", inbox: Inbox, view: View, voice: SafeStream, pause_on: Collection[str] = ()) -> None:
        self.run, self.inbox, self.view, self.voice = run, inbox, view, voice
        self.scene = Scene.of(run.story)
        self.scene.turns = run.config.turns  # a resumed run may have been given more of them
        self._pause_on = pause_on
        self._lock = threading.Lock()

    def play(self) -> None:
        """Play until the campaign ends, fails or is stopped."""
        self.view.open(self.scene, self.run.config.turns)
        try:
            for event in self.run.play(self.inbox):
                with self._lock:
                    self.scene.apply(event)
                self.view.show(event)
                self._hold(event)
        finally:
            self.view.close()

    def _hold(self, event: Event) -> None:
        if self._pause_on and (reason := pause_reason(event, self._pause_on)) is not None:
            self.inbox.pause()
            self.voice.say(f"Paused ({reason}). `go` goes on, `step` plays one turn.")

    # Typed lines, in the listener's thread.

    def hear(self, line: str) -> None:
        """Obey a typed line, and answer it."""
        wish = typed.parse_command(line, self.run.config.dials)
        if wish is not None and (answer := self._obey(wish)):
            self.voice.say(answer)

    def no_more_lines(self) -> None:
        """Standard input has ended. `go` can no longer be typed, so the campaign no longer waits for it."""
        self._pause_on = ()
        if self.inbox.paused and not self.inbox.stopped:
            self.inbox.resume()
            self.voice.say("No more lines will come: the campaign goes on by itself.")

    def _obey(self, wish: typed.Wish) -> str:
        match wish:
            case typed.Pause():
                self.inbox.pause()
                return "Paused. `go` goes on, `step` plays one turn."
            case typed.Resume():
                self.inbox.resume()
                return "On we go."
            case typed.StepOnce():
                self.inbox.step_once()
                return ""
            case typed.SetSpeed(speed):
                self.inbox.set_speed(speed)
                return _pace(speed)
            case typed.AskStatus():
                with self._lock:
                    return status(self.scene, self.inbox)
            case typed.AskDiagnosis():
                with self._lock:
                    return "\n".join(diagnosis_sentences(self.scene, scouts=self.run.config.diagnosis.scouts != "off"))
            case typed.AskBag():
                with self._lock:
                    return bag(self.scene)
            case typed.AskDials():
                return dials(self.run.config.dials)
            case typed.TakeVote():
                with self._lock:
                    answer, orders = take_vote(wish, self.scene, self.run.config)
                self.inbox.put(*orders)
                return answer
            case typed.AskHelp():
                return "\n".join(f"{said}: {does}." for said, does in typed.HELP)
            case typed.Quit():
                self.inbox.stop()
                return "Saving and leaving."
            case typed.NotUnderstood(answer):
                return answer
        assert isinstance(wish, get_args(Command))
        self.inbox.put(wish)
        return f"Heard: {flat(name_command(wish))}." if self.inbox.paused else ""

    # The result.

    def result(self, seconds: float) -> dict[str, Any]:
        """The run so far as one JSON object; numbers that are not finite, or not there yet, are null."""
        scene, config = self.scene, self.run.config
        step, saved, tested = scene.step, scene.saved, scene.ending or scene.evaluation
        looked = config.evaluation.final_sequences if scene.ending else config.evaluation.sequences
        found: dict[str, Any] = {
            "campaign": config.name,
            "seed": config.seed,
            "rulebook": config.dice.rulebook,
            "hero_class": config.hero.hero_class,
            "turns": scene.turn,
            "train_loss": step.loss if step else None,
            "train_loss_ema": step.loss_ema if step else None,
            "objective": scene.objective.name,
            "value": tested.value if tested else None,
            "value_sequences": looked if tested else None,
            "best": tested.best if tested else None,
            "best_sequences": config.evaluation.sequences,
            "limit": scene.objective.limit,
            "judgement": closing_record(scene),
            "level": scene.sheet.level,
            "xp": scene.sheet.xp,
            "deaths": scene.sheet.deaths,
            "gflop": scene.gflop,
            "twin_gflop": scene.twin_gflop,
            "scout_gflop": scene.scout_gflop,
            "seconds": seconds,
            "weights_sha256": self.run.weights_sha256(),
            "save": saved.path if saved and not isinstance(saved, SaveFailed) else None,
        }
        return {name: plain(value) for name, value in found.items()}

    @property
    def exit_code(self) -> int:
        """0: it ended, or the player left; 1: training, the last save or the story failed; 141: no reader.

        2: a plug-in failed, or the campaign asks for more memory than there is.
        """
        if self.voice.unread:
            return UNREAD
        if (failure := self.run.campaign.failure) is not None and (blame(failure) or isinstance(failure, NotEnoughMemoryError)):
            return WRONG_USE
        return int(bool(self.scene.failure) or self.diverged or isinstance(self.scene.saved, SaveFailed) or self.voice.lost)

    @property
    def diverged(self) -> bool:
        """It ended with a value that is not a finite number."""
        return self.scene.ending is not None and not math.isfinite(self.scene.ending.value)


def play(run: "Run", options: PlainOptions, moves: Sequence[tuple[int, Command]] = ()) -> tuple[int, dict[str, Any]]:
    """Play a run in this terminal or pipe: the exit code, and the result. Main thread only (it catches signals)."""
    # A resumed run has made its earlier moves already.
    inbox = ScriptedInbox(move for move in moves if move[0] > run.campaign.turn)
    plain = options.in_sentences
    voice = SafeStream(sys.stderr if options.as_json else sys.stdout, unheard=inbox.stop)
    interactive = options.plain and sys.stdin.isatty()
    hears = plain and (options.plain or is_pipe(sys.stdin))
    if run.note:  # that it has ended, say; the session reads the whole story first
        _talk(run.note)
    session = PlainSession(run, inbox, _view(options, plain, voice, hears), voice, run.config.pace.pause_on if interactive else ())
    if hears:
        listen(sys.stdin, session.hear, session.no_more_lines)
    start = time.perf_counter()
    with caught(inbox.stop) as signal:
        session.play()
    if session.diverged:
        _talk(f"The training failed: its final {session.scene.objective.name} is not a finite number.")
    voice.settled()
    if session.scene.failure:
        _talk(f"The traceback is in {run.folder / 'error.log'}.")
    return signal.exit_code or session.exit_code, session.result(time.perf_counter() - start)


def _view(options: PlainOptions, plain: bool, voice: SafeStream, hears: bool) -> View:
    if plain:
        return PlainView(voice, options.every or (1 if options.plain else AUTO_EVERY), typing=hears)
    return progress_view()


def _talk(text: str) -> None:
    SafeStream(sys.stderr).say(flat(text))


def status(scene: Scene, inbox: Inbox) -> str:
    """The state of the run, the hero and the tempo, in a sentence each."""
    if not scene.campaign:
        return "The campaign has not begun yet."
    return flat(" ".join((_run_stands(scene), _hero_stands(scene), _tempo(inbox))))


def _run_stands(scene: Scene) -> str:
    parts = [f"Turn {scene.turn}{of_turns(scene.turns)}"]
    if scene.step is not None:
        parts.append(f"loss {fixed(scene.step.loss)}, smoothed {fixed(scene.step.loss_ema)}")
    if scene.evaluation is not None:
        parts.append(f"{scene.objective.label} {fixed(scene.evaluation.value)}, best {fixed(scene.evaluation.best)}")
    if scene.objective.limit is not None:
        parts.append(f"{scene.objective.limit_name} {fixed(scene.objective.limit)}")
    return f"{'; '.join(parts)}."


def _hero_stands(scene: Scene) -> str:
    hero = scene.sheet
    parts = [f"{hero.name}, {title(hero.hero_class)} {hero.level}, {hero.hp}/{hero.max_hp} HP, {hero.xp}/{hero.next_level_xp} XP"]
    parts += ["inspired"] if scene.inspired else []
    parts += [f"ability scores to raise: {hero.choices}"] if hero.choices else []
    parts += _abilities(scene)
    if scene.monster is not None:
        parts.append(f"{title(scene.monster.name)} is near with {scene.monster.hp}/{scene.monster.max_hp} HP")
    return f"{'; '.join(parts)}."


def _abilities(scene: Scene) -> Iterable[str]:
    for name, charge in scene.charges.items():
        pool = "" if charge.most is None else f" {charge.left}/{charge.most}"
        left = scene.turns_left(name)
        force = "" if name not in scene.active else ", in force" if left is None else f", in force for {counted(left, 'more turn')}"
        yield f"{title(name)}{pool}{force}{', by itself' if charge.auto else ''}"


def bag(scene: Scene) -> str:
    """The bag and what each thing in it does, then what is in force, predicted and still to be chosen."""
    many = (f"{title(item)}{f' x{count}' if count > 1 else ''} ({ITEMS[item].words})" for item, count in scene.bag.items() if item in ITEMS)
    lines = [f"In the bag: {'; '.join(many) or 'nothing'}."]
    lines += [f"{title(used.item)}: in force until turn {used.until}." for used in scene.items.values()]
    lines += [f"Predicted: {scene.foretold.guess}."] if scene.foretold is not None else []
    lines += ["Inspired: `inspire` gives the next roll advantage."] if scene.inspired else []
    lines += [f"Ability scores to raise: {scene.sheet.choices}; `raise STR` makes the choice."] if scene.sheet.choices else []
    return "\n".join(flat(line) for line in lines)


def dials(rows: Sequence[Dial]) -> str:
    """Each dial, what it does, and what it can be turned to."""
    if not rows:
        return "This kind of training has no dials to turn."
    lines = [flat(f"{' '.join((dial.name, '|'.join(dial.choices)))}: {dial.words}.".replace(" :", ":")) for dial in rows]
    return "\n".join([*lines, *([f"The value {OWN}: {OWN_WORDS}."] if any(OWN in dial.choices for dial in rows) else [])])


def _pace(speed: float | None) -> str:
    return "Full speed." if speed is None else f"At most {number(speed)} {'turn' if speed == 1 else 'turns'} a second."


def _tempo(inbox: Inbox) -> str:
    return "Paused." if inbox.paused else _pace(inbox.turns_per_second)
