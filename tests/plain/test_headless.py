"""Runs without a screen: faces, typed lines, scripts, signals, and the object at the end."""

import errno
import io
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.patience import PATIENCE

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.plain import run as plain_run
from rolltrain_tui.plain.listening import listen
from rolltrain_tui.plain.run import PlainOptions, PlainSession, bag, status
from rolltrain_tui.plain.signals import caught
from rolltrain_tui.plain.views import BarView, PlainView, QuietView, SafeStream
from rolltrain_tui.protocol.commands import Command, SaveGame, UseAbility
from rolltrain_tui.protocol.events import (
    ActBegan,
    CampaignBegan,
    CampaignEnded,
    CampaignStopped,
    CommandAccepted,
    DiceRolled,
    Evaluated,
    Event,
    ForetellingJudged,
    Foretold,
    ItemFound,
    ItemUsed,
    LevelGained,
    Saved,
    SaveFailed,
    StepTaken,
    TrainingFailed,
)
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.protocol.sheet import Sheet
from rolltrain_tui.story.scene import Scene

HERO = Sheet(name="Brakka", hero_class="barbarian", hp=14, max_hp=14, next_level_xp=1000, expected_k=0.912)
BEGAN = CampaignBegan(
    0, "The Tiny GPT", "supervised", 7, 3, "hero", 20, 12, HERO,
    Objective(limit=1.31), 19040, "19,040 weights, 65 tokens", "cpu", "float32",
)  # fmt: skip
LEVEL = LevelGained(2, (), replace(HERO, level=2, hp=20, max_hp=23, next_level_xp=2500))
KEYS = [
    "campaign", "seed", "rulebook", "hero_class", "turns", "train_loss", "train_loss_ema", "objective", "value", "value_sequences", "best",
    "best_sequences", "limit", "judgement", "level", "xp", "deaths", "gflop", "twin_gflop", "scout_gflop", "seconds",
    "weights_sha256", "save",
]  # fmt: skip


def rolled(turn: int, natural: int = 10) -> DiceRolled:
    return DiceRolled(turn, 20, (natural,), natural, 2, natural + 2, 12, "hit", 1.0)


def stepped(turn: int, *, finite: bool = True) -> StepTaken:
    loss = 4.0 - turn if finite else float("nan")
    return StepTaken(turn, loss, loss, 1.0, 1e-3, 1.0, 1.0, 0.1, 0.1, 768, 2.0 * turn, finite, ())


class FakeExpedition:
    """Plays `turns` scripted turns as a campaign would: waits for each, drains the inbox, saves when it is stopped."""

    def __init__(self, config: CampaignConfig, turns: int = 3, extra: Sequence[Event] = (), story: Sequence[Event] = ()) -> None:
        self.config, self.story, self.note = config, story, ""
        self.folder = Path("run")
        self.campaign = SimpleNamespace(turn=0, failure=None)
        self.turns, self.extra = turns, extra
        self.before_turn: Callable[[int], None] = lambda turn: None

    def weights_sha256(self) -> str:
        return "ab" * 32

    def play(self, inbox: Inbox) -> Iterator[Event]:
        yield BEGAN
        for turn in range(1, self.turns + 1):
            self.before_turn(turn)
            if not inbox.wait_for_turn():
                yield Saved(turn - 1, "quit", "run/saves/quit")
                yield CampaignStopped(turn - 1)
                return
            yield from (CommandAccepted(turn, command) for command in inbox.drain(turn))
            yield rolled(turn)
            yield stepped(turn)
            yield from (event for event in self.extra if event.turn == turn)
            self.campaign.turn = turn
        yield Evaluated(self.turns, 1.5, 0.02, 1.4, 1.0, False)
        yield CampaignEnded(self.turns, "victory", 1.0, 1.45, 0.01, 1.4, replace(HERO, level=2, xp=1300), 6.0)
        yield Saved(self.turns, "end", "run/saves/end")


@pytest.fixture
def config(tiny_config: Callable[..., CampaignConfig]) -> CampaignConfig:
    return tiny_config()


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


def journey(expedition: Any, out: io.StringIO, inbox: Inbox | None = None, every: int = 1, pause_on: Sequence[str] = ()) -> PlainSession:
    inbox = inbox or Inbox()
    voice = SafeStream(out, unheard=inbox.stop)
    return PlainSession(expedition, inbox, PlainView(voice, every), voice, pause_on)


# The faces.


def test_plain_tells_the_whole_story(config: CampaignConfig, out: io.StringIO) -> None:
    """One line an event with its turn in front; roll and step share a line."""
    journey(FakeExpedition(config, extra=[LEVEL]), out).play()
    lines = out.getvalue().splitlines()
    assert [line[:3].strip() for line in lines] == ["0", "1", "2", "2", "3", "3", "3", "3", "3"]
    assert lines[1] == " 1  d20 10 + 2 = 12 against DC 12: hit, k 1; loss 3.000, k asked 1, felt 1.000."
    assert lines[3].startswith(" 2  Level 2")


def test_plain_can_tell_fewer_rolls(config: CampaignConfig, out: io.StringIO) -> None:
    """With every=10 the tenth turn's roll is told, a step that was not finite too, and the story always."""
    face = PlainView(SafeStream(out), every=10)
    face.open(Scene(), 100)
    for event in (rolled(9), stepped(9), LEVEL, rolled(10), stepped(10), rolled(11), stepped(11, finite=False)):
        face.show(event)
    assert [line.split()[0] for line in out.getvalue().splitlines()] == ["2", "10", "11"]
    assert "not finite" in out.getvalue()


def test_quiet_tells_of_trouble_only(out: io.StringIO) -> None:
    """Without an audience only what went wrong is told."""
    face = QuietView(SafeStream(out))
    for event in (BEGAN, rolled(1), stepped(1), Saved(1, "end", "x"), SaveFailed(1, "y", "disk full")):
        face.show(event)
    assert out.getvalue() == "The save could not be written to y: disk full. The training is not affected.\n"


def test_bar_shows_numbers_and_headlines() -> None:
    """The bar carries turn, loss and validation loss; a level-up stands above it; redraws are rare."""
    stream, now = io.StringIO(), [0.0]
    face, scene = BarView(stream, clock=lambda: now[0]), Scene()
    face.open(scene, 3)
    for event in (BEGAN, Evaluated(0, 4.2, 0.1, 4.2, 4.2, True), stepped(1), LEVEL, stepped(2)):
        scene.apply(event)
        face.show(event)
    before = stream.getvalue()
    face.close()
    assert "Level 2" in before
    assert "turn 2/3" not in before
    assert "turn 2/3" in stream.getvalue()
    assert "loss 2.000  val 4.200" in stream.getvalue()


def test_a_path_above_the_bar_is_in_one_piece() -> None:
    """However narrow the terminal is: the line can be copied."""
    stream, path = io.StringIO(), "/saves/" + "a_long_name/" * 20
    face, scene = BarView(stream), Scene()
    face.open(scene, 3)
    face.show(Saved(1, "end", path))
    face.close()
    assert path in stream.getvalue()


class Deaf(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_reader_that_has_gone_stops_the_run(config: CampaignConfig) -> None:
    """When nobody reads any more the campaign saves and stops, and the exit code is that of a broken pipe."""
    found = journey(FakeExpedition(config, turns=50), Deaf())
    found.play()
    assert found.scene.turn <= 1
    assert found.scene.stopped
    assert found.exit_code == 141


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_does_not_stop_the_run(config: CampaignConfig) -> None:
    """A story that cannot be written falls silent; the campaign goes on to its end, and the exit code tells."""
    found = journey(FakeExpedition(config), Full())
    found.play()
    assert found.scene.ending is not None
    assert found.exit_code == 1


# What the player types.


def test_typed_commands_reach_the_campaign(config: CampaignConfig, out: io.StringIO) -> None:
    """A typed wish is in force at the next turn and is acknowledged with it."""
    expedition = FakeExpedition(config)
    found = journey(expedition, out)
    expedition.before_turn = lambda turn: found.hear("use rage") if turn == 2 else None
    found.play()
    assert " 2  Accepted: Rage, in force from turn 2." in out.getvalue()


def test_pause_step_and_go(config: CampaignConfig, out: io.StringIO) -> None:
    """A paused campaign waits for `step`, which plays one turn, and for `go`."""
    expedition = FakeExpedition(config, turns=4)
    found = journey(expedition, out)
    seen: list[int] = []

    def play(turn: int) -> None:
        seen.append(found.scene.turn)
        if turn == 2:
            found.hear("pause")
            found.hear("step")
        elif turn == 3:
            found.hear("rage")
            found.hear("go")

    expedition.before_turn = play
    found.play()
    assert seen == [0, 1, 2, 3]
    assert "Paused. `go` goes on" in out.getvalue()
    assert "Heard: Rage." in out.getvalue()
    assert "On we go." in out.getvalue()


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("help", "rage"),
        ("xyzzy", "`help`"),
        ("speed 5", "At most 5 turns a second."),
        ("speed full", "Full speed."),
        ("status", "Turn 3 of 12"),
    ],
)
def test_answers(config: CampaignConfig, out: io.StringIO, line: str, answer: str) -> None:
    """Questions and tempo are answered at once."""
    found = journey(FakeExpedition(config), out)
    found.play()
    found.scene.turns = 12
    out.truncate(0)
    found.hear(line)
    assert answer in out.getvalue()


def test_blank_lines_are_silent(config: CampaignConfig, out: io.StringIO) -> None:
    """An empty line asks nothing and is told nothing."""
    journey(FakeExpedition(config), out).hear("  ")
    assert out.getvalue() == ""


def test_quit_saves_and_leaves(config: CampaignConfig, out: io.StringIO) -> None:
    """`quit` stops between two turns with a save, and is no failure."""
    expedition = FakeExpedition(config, turns=50)
    found = journey(expedition, out)
    expedition.before_turn = lambda turn: found.hear("quit") if turn == 3 else None
    found.play()
    assert (found.scene.turn, found.scene.stopped, found.exit_code) == (2, True, 0)


def test_pauses_by_rule(config: CampaignConfig, out: io.StringIO) -> None:
    """A rule of pause_on holds the run before its next turn and says how to go on."""
    expedition = FakeExpedition(config, extra=[LEVEL])
    found = journey(expedition, out, pause_on=["level"])
    held: list[bool] = []

    def go_on(turn: int) -> None:
        held.append(found.inbox.paused)
        found.inbox.resume()

    expedition.before_turn = go_on
    found.play()
    assert held == [False, False, True]
    assert "Paused (level)." in out.getvalue()


def test_the_end_of_input_frees_a_paused_run(config: CampaignConfig, out: io.StringIO) -> None:
    """When no more lines can come, nothing waits for one, now or later."""
    expedition = FakeExpedition(config, extra=[LEVEL])
    found = journey(expedition, out, pause_on=["level"])
    found.hear("pause")
    listen(io.StringIO(""), found.hear, found.no_more_lines).join(PATIENCE)
    found.play()
    assert found.scene.ending is not None


def test_listening_below_the_buffers() -> None:
    """Lines are read from a real pipe as they come, a last one without its end and bytes that are no UTF-8 included."""
    read, write = os.pipe()
    heard: list[str] = []
    done = threading.Event()
    with os.fdopen(read) as stream:
        thread = listen(stream, heard.append, done.set)
        os.write(write, b"rage\r\nsa")
        os.write(write, b"ve \xff\nquit")
        os.close(write)
        thread.join(PATIENCE)
    assert heard == ["rage", "save \ufffd", "quit"]
    assert done.is_set()


def test_status_before_the_first_event() -> None:
    """Asked too early, it says so."""
    assert status(Scene(), Inbox()) == "The campaign has not begun yet."


def test_the_bag_in_words() -> None:
    """What is carried and what each thing does, what holds, what is foretold, what may be spent or chosen."""
    found = [ItemFound(2, item, "") for item in ("potion_of_calm", "bag_of_data", "bag_of_data")]
    events = [BEGAN, *found, ItemUsed(3, "potion_of_calm", 10, "calmer"), ForetellingJudged(4, "level", "level", 2.0, 2.0, True)]
    scene = Scene.of([*events, Foretold(5, "lower", 1.0, 2.0), LevelGained(5, (), replace(HERO, level=4, choices=1))])
    assert [
        "In the bag: Bag of Data x2 (every batch is twice as large, and costs twice the energy).",
        "Potion of Calm: in force until turn 12.",
        "Predicted: lower.",
        "Inspired: `inspire` gives the next roll advantage.",
        "Ability scores to raise: 1; `raise STR` makes the choice.",
    ] == bag(scene).splitlines()
    assert "inspired; ability scores to raise: 1" in status(scene, Inbox())
    assert "In the bag: nothing." == bag(Scene())


# Signals.


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_the_first_signal_stops(number: signal.Signals, code: int) -> None:
    """The first signal asks the run to stop and sets the exit code; the handlers of before are put back."""
    before = signal.getsignal(number)
    inbox = Inbox()
    with caught(inbox.stop) as seen:
        signal.raise_signal(number)
    assert (inbox.stopped, seen.exit_code) == (True, code)
    assert signal.getsignal(number) == before


def test_the_second_signal_leaves_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second signal ends the process without waiting."""
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    with caught(lambda: None):
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
    assert codes == [130]


# The whole run.


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def play(
    monkeypatch: pytest.MonkeyPatch, expedition: Any, manner: PlainOptions, *, stdin: str = "", terminal: bool = False, **kwargs: Any
) -> Any:
    """Run with streams of our own: exit code, result, stdout, stderr."""
    stdout, stderr = (Terminal(), Terminal()) if terminal else (io.StringIO(), io.StringIO())
    monkeypatch.setattr(plain_run.sys, "stdin", io.StringIO())
    monkeypatch.setattr(plain_run.sys, "stdout", stdout)
    monkeypatch.setattr(plain_run.sys, "stderr", stderr)
    code, result = plain_run.play(expedition, manner, **kwargs)
    return code, result, stdout.getvalue(), stderr.getvalue()


def test_the_object_at_the_end(monkeypatch: pytest.MonkeyPatch, config: CampaignConfig) -> None:
    """The result has the promised fields, in order, from the run itself."""
    code, result, _, _ = play(monkeypatch, FakeExpedition(config), PlainOptions(as_json=True))
    assert code == 0
    assert list(result) == KEYS
    assert result["seconds"] >= 0
    expected = {
        "campaign": "The Tiny GPT", "seed": 7, "rulebook": "hero", "hero_class": "barbarian", "turns": 3, "train_loss": 1.0,
        "train_loss_ema": 1.0, "objective": "validation loss", "value": 1.45, "value_sequences": 16, "best": 1.4, "best_sequences": 8,
        "limit": 1.31,
        "level": 2, "xp": 1300, "deaths": 0, "gflop": 6.0, "twin_gflop": 0.0, "scout_gflop": 0.0,
        "weights_sha256": "ab" * 32,
        "save": "run/saves/end",
    }  # fmt: skip
    assert "alone" == result["judgement"]["outcome"]
    assert expected == {name: value for name, value in result.items() if name not in ("seconds", "judgement")}


def test_the_note_of_a_run_is_told_before_its_story_is_read(monkeypatch: pytest.MonkeyPatch, config: CampaignConfig) -> None:
    """The story of a long run takes a while to read, and the note may say that nothing is left to train."""
    told_by_then: list[str] = []

    class Long(FakeExpedition):
        @property
        def story(self) -> Iterator[Event]:
            told_by_then.append(plain_run.sys.stderr.getvalue())  # type: ignore[attr-defined]
            return iter(())

        @story.setter
        def story(self, events: Sequence[Event]) -> None: ...

    expedition = Long(config)
    expedition.note = "This run has ended."
    play(monkeypatch, expedition, PlainOptions(as_json=True))
    assert ["This run has ended.\n"] == told_by_then


def test_numbers_that_are_none(monkeypatch: pytest.MonkeyPatch, config: CampaignConfig) -> None:
    """A loss that is not finite is null, so the object is always JSON."""
    _, result, _, _ = play(monkeypatch, FakeExpedition(config, turns=1, extra=[stepped(1, finite=False)]), PlainOptions(as_json=True))
    assert result["train_loss"] is None
    json.dumps(result, allow_nan=False)


def test_with_json_nothing_else_is_on_stdout(monkeypatch: pytest.MonkeyPatch, config: CampaignConfig) -> None:
    """The plain story goes to stderr when stdout is for the object."""
    _, _, stdout, stderr = play(monkeypatch, FakeExpedition(config), PlainOptions(as_json=True, plain=True))
    assert stdout == ""
    assert "Played to the end after 3 turns" in stderr


def test_a_pipe_gets_plain_sentences(monkeypatch: pytest.MonkeyPatch, config: CampaignConfig) -> None:
    """Without a terminal and without options the story is told, every tenth roll of it."""
    _, _, stdout, _ = play(monkeypatch, FakeExpedition(config, turns=20), PlainOptions())
    assert [line.split()[0] for line in stdout.splitlines() if "against DC" in line and "begins" not in line] == ["10", "20"]


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch, config: CampaignConfig) -> None:
    """On a terminal the bar is drawn on stderr and stdout stays empty."""
    _, _, stdout, stderr = play(monkeypatch, FakeExpedition(config), PlainOptions(), terminal=True)
    assert stdout == ""
    assert "it/s" in stderr
    assert "Played to the end after 3 turns" in stderr


def test_moves_of_the_past_are_not_played_again(monkeypatch: pytest.MonkeyPatch, config: CampaignConfig) -> None:
    """A script plays each move at its turn; a resumed run has made the earlier ones already."""
    moves: list[tuple[int, Command]] = [(1, SaveGame("a")), (2, UseAbility("rage")), (3, SaveGame("b"))]
    seen: list[tuple[int, Command]] = []

    def remember(inbox: ScriptedInbox, turn: int) -> list[Command]:
        commands = drain(inbox, turn)
        seen.extend((turn, command) for command in commands)
        return commands

    drain = ScriptedInbox.drain
    monkeypatch.setattr(ScriptedInbox, "drain", remember)
    expedition = FakeExpedition(config)
    expedition.campaign.turn = 1
    play(monkeypatch, expedition, PlainOptions(), moves=moves)
    assert moves[1:] == seen


@pytest.mark.parametrize("plain", [True, False])
def test_an_act_says_what_to_type_where_somebody_can(monkeypatch: pytest.MonkeyPatch, config: CampaignConfig, plain: bool) -> None:
    """For the keys of the screen that its text names; a story that nobody answers leaves it out."""
    act = ActBegan(1, 2, "The eye", "Press d to see what ails the run.")
    end = CampaignEnded(1, "victory", 1.0, 1.45, 0.01, 1.4, HERO, 6.0, "The mirror", "Next time press k.")
    _, _, stdout, _ = play(monkeypatch, FakeExpedition(config, turns=1, extra=[act, end]), PlainOptions(plain=plain))
    for text, told in (("Press d to see what ails the run.", "Typed, d is `diagnose`."), ("Next time press k.", "Typed, k is `dial`.")):
        assert text in stdout
        assert (told in stdout) == plain


def test_failures_have_exit_code_1(monkeypatch: pytest.MonkeyPatch, config: CampaignConfig) -> None:
    """Training that failed, or a last save that could not be written, is a failure; the first says where its traceback is."""
    failed = FakeExpedition(config, turns=1, extra=[TrainingFailed(1, "RuntimeError: boom")])
    code, _, stdout, stderr = play(monkeypatch, failed, PlainOptions(plain=True))
    assert (code, "RuntimeError: boom" in stdout, "error.log" in stderr) == (1, True, True)


def test_a_last_save_that_fails(config: CampaignConfig, out: io.StringIO) -> None:
    """The exit code tells when the end of the run is not on the disk."""
    found = journey(FakeExpedition(config), out)
    found.play()
    found.scene.apply(SaveFailed(3, "run", "disk full"))
    assert found.exit_code == 1


def test_a_resumed_run_knows_its_story(config: CampaignConfig, out: io.StringIO) -> None:
    """What happened before the save counts in the result."""
    expedition = FakeExpedition(config, turns=0, story=[BEGAN, stepped(1), LEVEL])
    expedition.play = lambda inbox: iter(())  # type: ignore[method-assign]
    found = journey(expedition, out)
    found.play()
    result = found.result(1.0)
    assert (result["turns"], result["level"], result["limit"]) == (1, 2, 1.31)
