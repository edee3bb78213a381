"""A campaign: the rules and a learner, turn by turn.

`Campaign.play(inbox)` is a generator of events; the thread that iterates it trains. One turn, in fixed order:

    wait for the tempo -> commands -> the rules' events and one StepEffect -> the twin's step, if one walks
    -> learner.step -> StepReport -> consequences -> the twin's verdict if due -> evaluation, speech, camp, save, scouts if due
"""

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import Any

from rolltrain_tui.base.blame import told
from rolltrain_tui.base.memory import enough_memory
from rolltrain_tui.config.dtypes import in_its_dtype
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game import baseline as ghosts
from rolltrain_tui.game import counterfactual, scouts
from rolltrain_tui.game.baseline import Ghost
from rolltrain_tui.game.counterfactual import Shadow
from rolltrain_tui.game.scouts import Scouts
from rolltrain_tui.game.turn import TurnCycle
from rolltrain_tui.protocol import events as ev
from rolltrain_tui.protocol.commands import Command, SaveGame, SendScouts, Speak
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.learner import Learner, StepAbandoned
from rolltrain_tui.rules.game import Game
from rolltrain_tui.rules.health.gate import Gate
from rolltrain_tui.rules.health.pace import next_trip
from rolltrain_tui.rules.health.signs import signs_of

OTHERS = (counterfactual.PREFIX, scouts.PREFIX)
"""Names of tensors of the twin and of the scouts begin so; all others are the learner's."""
Wish = Speak | SaveGame | SendScouts
"""A command that is not for the rules. The campaign grants it at the end of the turn."""


class Campaign:
    """One adventure under way: a game, a learner, and how far they have come together."""

    def __init__(self, config: CampaignConfig, learner: Learner, ghost: Ghost | None = None) -> None:
        info = learner.info()
        self.config = config = in_its_dtype(config, info.dtype)
        self.learner, self.ghost = learner, ghost
        self.cycle = TurnCycle(config, learner, info)
        learner.prepare(self.game.prepares() | ({"examine"} if config.diagnosis.examine else set()))
        self.mute = info.mute
        self.shadow = Shadow(config.twin, learner, tuple(self.game.loadout.held))
        self.scouts = Scouts(learner)
        self.failure: Exception | None = None
        """What the learner raised, after a TrainingFailed event."""
        self._wishes: list[Wish] = []
        """Samples, saves and scouts that the player asked for at the start of the turn. They are granted at its end."""

    @property
    def game(self) -> Game:
        return self.cycle.game

    @property
    def turn(self) -> int:
        """The last turn that is done."""
        return self.cycle.turn

    @property
    def began(self) -> bool:
        return self.cycle.began

    @property
    def ended(self) -> bool:
        return self.cycle.ended

    @property
    def ending(self) -> ev.Ending:
        return self.cycle.ending

    @property
    def value(self) -> float | None:
        """The last evaluation's."""
        return self.cycle.progress.last

    def play(self, inbox: Inbox) -> Iterator[ev.Event]:
        """Events until the campaign ends or the inbox is stopped. After a stop it can be called again and continues."""
        self.learner.should_stop, self.scouts.hear = lambda: inbox.stopped, inbox.hear
        try:
            with enough_memory(self._lighter):
                yield from self._play(inbox)
        except StepAbandoned:
            yield ev.SaveDue(self.turn, "quit")
            yield ev.CampaignStopped(self.turn)
        except Exception as error:
            self.failure = error
            yield ev.TrainingFailed(min(self.turn + 1, self.config.turns), told(error))  # the last evaluation belongs to the last turn

    def _play(self, inbox: Inbox) -> Iterator[ev.Event]:
        if not self.began:
            yield from self._begin()
        while not self.ended:
            if not inbox.wait_for_turn():
                yield ev.SaveDue(self.turn, "quit")
                yield ev.CampaignStopped(self.turn)
                return
            yield from self._play_turn(inbox)

    @property
    def _lighter(self) -> str:
        """What to do where the memory does not suffice on the way: a saved run may read smaller batches."""
        path = next(iter(self.config.heavy), "")
        if not path or (size := attrgetter(path)(self.config)) < 2:
            return self.config.lighter
        return f"{self.config.lighter}; `rolltrain train --resume RUN --set {path}={size // 2}` goes on from the last save"

    def _begin(self) -> Iterator[ev.Event]:
        yield self.cycle.open()
        if self.ghost is not None:
            yield ev.GhostSeen(0, self.ghost.seed, self.ghost.points)
        yield from self._act(0)
        self.learner.snapshot()
        if self.config.diagnosis.scouts != "off":
            self.scouts.remember_start()
        yield from self._evaluate()

    def _act(self, turn: int) -> Iterator[ev.ActBegan]:
        """The act of the story that begins with this turn, if one does."""
        for number, act in enumerate(self.config.acts, 1):
            if act.from_turn == turn:
                yield ev.ActBegan(turn, number, act.title, act.text)

    def _play_turn(self, inbox: Inbox) -> Iterator[ev.Event]:
        if self.scouts.due:  # the player left while they were out
            yield from self._scout()
        cycle, turn = self.cycle, self.turn + 1
        if cycle.effect is None:
            yield from self._act(turn)
            commands = inbox.drain(turn)
            facts = cycle.begin(commands)
            self._wishes = [command for command in commands if isinstance(command, Wish)]
            yield from facts
            yield from self._hear_wishes(turn)
            yield from self.shadow.begin_turn(turn, facts, self.game.effect_without)
        assert cycle.effect is not None
        # The twin steps first. So when the turn is stopped half-way, the rest of it is the same for both after resuming.
        yield from self.shadow.step(turn)
        step, consequences = cycle.end(self.learner.step(cycle.effect))
        yield step
        yield from consequences
        yield from self.shadow.end_turn(turn, consequences, last=cycle.over)
        if cycle.over:
            yield from self._end()
        else:
            yield from self._after_turn()

    def _hear_wishes(self, turn: int) -> Iterator[ev.Event]:
        for wish in list(self._wishes):
            if reason := self._refusal(wish):
                self._wishes.remove(wish)
                yield ev.CommandRefused(turn, wish, reason)
            else:
                yield ev.CommandAccepted(turn, wish)

    def _refusal(self, wish: Command) -> str:
        """Why the training or the campaign cannot grant this wish, or an empty string."""
        match wish:
            case Speak():
                return self.mute
            case SendScouts() if self.config.diagnosis.scouts == "off":
                return "This campaign sends no scouts (diagnosis.scouts)."
        return ""

    def _after_turn(self) -> Iterator[ev.Event]:
        """What falls due between two turns."""
        turn, config = self.turn, self.config
        suspected = False
        if turn % config.evaluation.every == 0:
            for event in self._evaluate():
                suspected |= isinstance(event, ev.Examined) and signs_of(event, self.cycle.progress.objective) == "hot"
                yield event
        spoken = not self.mute and config.speech.every and turn % config.speech.every == 0
        if spoken or any(isinstance(wish, Speak) for wish in self._wishes):
            yield self._speak()
        if camp := self.cycle.camp_due:
            yield from self._face_gate()
            yield from self.cycle.camp()
        # The saves know that scouts are due: a run that goes on from here sends them too.
        asked = any(isinstance(wish, SendScouts) for wish in self._wishes)
        self.scouts.due = asked or self._scouts_go(config.diagnosis.scouts, camp=camp, suspected=suspected)
        yield from (ev.SaveDue(turn, "player", wish.name) for wish in self._wishes if isinstance(wish, SaveGame))
        self._wishes = []
        if camp or turn % config.save.autosave_every == 0:
            yield ev.SaveDue(turn, "camp" if camp else "autosave")
        if self.scouts.due:
            yield from self._scout()

    def _scouts_go(self, when: str, *, camp: bool, suspected: bool) -> bool:
        """Whether scouts go out by themselves now. `suspected`: the signals of this turn show steps that may be too large."""
        if when == "early" and suspected and self.scouts.last == 0 and not self.game.rollback_due:
            return True
        return camp and (when == "camps" or (when in ("early", "seldom") and self.turn >= next_trip(self.scouts.last)))

    def _scout(self) -> Iterator[ev.Event]:
        """Measure which step size is best now. Monsters of pace come and go by it."""
        yield ev.ScoutsSetOut(self.turn)
        found = self.scouts.go(self.turn, self.game.usual_effect())
        yield found
        yield from self.game.scouted(self.turn, found)

    def _face_gate(self) -> Iterator[ev.Event]:
        """Compare the run with plain training, on an evaluation of this turn."""
        if (gate := self.gate) is None:
            return
        if self.turn % self.config.evaluation.every != 0:
            yield from self._evaluate()
        assert self.value is not None
        yield from self.game.face_gate(self.turn, gate, self.value)

    def _evaluate(self) -> Iterator[ev.Event]:
        evaluation = self.learner.evaluate(self.config.evaluation.sequences)
        examination = self.learner.examine(evaluation) if self.config.diagnosis.examine else None
        yield from self.cycle.evaluated(evaluation, examination)

    def _speak(self) -> ev.Spoke:
        return ev.Spoke(self.turn, self.learner.perform(), self.value)

    def _end(self) -> Iterator[ev.Event]:
        yield from self._evaluate()
        if not self.mute:
            yield self._speak()
        final = self.learner.evaluate(self.config.evaluation.final_sequences)
        self.cycle.progress.gflop += final.gflop
        self._wishes = []
        yield self.cycle.close(final)
        yield ev.SaveDue(self.turn, "end")

    # The baseline.

    def leave_ghost(self) -> str:
        """Drop a ghost that does not fit the settings any more (a save can be opened with others): the reason, or ""."""
        if self.ghost is None:
            return ""
        if not (reason := ghosts.difference(self.ghost, ghosts.recipe_of(self.config, self.learner.info().data_sha256))):
            return ""
        self.ghost = None
        return f"The ghost stays behind, and no gate stands any more: it {reason}."

    @property
    def gate(self) -> Gate | None:
        """The gates at the camps; None without a ghost to compare with."""
        config, ghost = self.config.gate, self.ghost
        return None if ghost is None or config.mode == "off" else Gate(ghost.points, config.tolerance, config.xp, self.cycle.info.objective)

    # Saves.

    def tensors(self) -> dict[str, Any]:
        """The learner's tensors, a walking twin's and the scouts', by name."""
        return {**self.learner.tensors(), **self.shadow.tensors(), **self.scouts.tensors()}

    def state_dict(self) -> dict[str, Any]:
        """Everything but the tensors, as JSON values."""
        return {
            **self.cycle.state_dict(),
            "ghost": None if self.ghost is None else ghosts.text_of(self.ghost),
            "wishes": [_packed(wish) for wish in self._wishes],
            "learner": self.learner.state_dict(),
            "shadow": self.shadow.state_dict(),
            "scouts": self.scouts.state_dict(),
        }

    def load_state(self, state: Mapping[str, Any], tensors: Mapping[str, Any]) -> None:
        """Exact inverse of state_dict() and tensors(). ValueError when they do not belong to this campaign."""
        try:
            self.cycle.load_state(state)
            self.ghost = ghosts.parse(state["ghost"]) if state["ghost"] else None
            self._wishes = [_unpacked(wish) for wish in state["wishes"]]
            with enough_memory(self._lighter):
                self.learner.load_state({name: t for name, t in tensors.items() if not name.startswith(OTHERS)}, state["learner"])
                self.shadow.load_state(state["shadow"], tensors)
                if "scouts" in state:  # a run of before there were any has none
                    self.scouts.load_state(state["scouts"], tensors)
        except (LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError, AssertionError) as error:
            raise ValueError(f"this save does not hold the state of a campaign: {type(error).__name__}: {error}") from error


def _packed(wish: Wish) -> dict[str, Any]:
    match wish:
        case SaveGame(name):
            return {"save": name}
        case Speak():
            return {"speak": True}
        case SendScouts():
            return {"scouts": True}


def _unpacked(wish: Mapping[str, Any]) -> Wish:
    """Inverse of _packed."""
    return SaveGame(wish["save"]) if "save" in wish else Speak() if "speak" in wish else SendScouts()
