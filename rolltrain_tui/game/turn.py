"""One turn, for training loops that we own and for those that we do not.

    begin      commands and dice -> events and one StepEffect
    (a step)   taken by the caller under `effect`
    end        its report -> the step as an event, and its consequences
    evaluated  an evaluation between two turns -> experience, wounds, findings
    camp       if one is due: a long rest, and the state that a fallen hero returns to

`Campaign` drives a learner through this cycle. `Session` follows a foreign loop with it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite, nan
from typing import Any, Protocol

from rolltrain_tui.base.statistics import Smoothed
from rolltrain_tui.config.game_sections import EndingConfig
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game.setup import new_game
from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import CampaignBegan, CampaignEnded, Ending, Evaluated, Event, StepTaken
from rolltrain_tui.protocol.learner import Evaluation, Examination, LearnerInfo, StepReport
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.training.machine.machine_kind import this_machine


class TrainingState(Protocol):
    """What a turn asks of training besides the step. Every learner has it."""

    def remember(self, evaluation: Evaluation) -> None:
        """Keep the state that an evaluation measured, where an ability may return to it."""

    def snapshot(self) -> None:
        """Keep the state that a fallen hero returns to."""


@dataclass(slots=True)
class Progress:
    """How far training has come."""

    objective: Objective
    loss: Smoothed = field(default_factory=Smoothed)
    """The smoothed training loss; a turn that was not finite does not count."""
    last: float | None = None
    """The last evaluation's value."""
    best: float | None = None
    """The best value of an evaluation."""
    gflop: float = 0.0
    """Spent on steps, evaluations and examinations."""

    @property
    def train_loss(self) -> float:
        """The smoothed training loss. Before the first finite step the evaluation takes its place, where it is a loss too."""
        if self.loss.value is not None:
            return self.loss.value
        return self.last if self.last is not None and self.objective.of_loss else nan

    def stepped(self, turn: int, report: StepReport, levers: tuple[str, ...] = ()) -> StepTaken:
        """Count a step; its event."""
        self.gflop += report.gflop
        if report.finite and isfinite(report.loss):
            self.loss.add(report.loss)
        return StepTaken(
            turn=turn,
            loss=report.loss,
            loss_ema=self.train_loss,
            grad_norm=report.grad_norm,
            lr=report.lr,
            k_requested=report.k_requested,
            k_effective=report.k_effective,
            proposed_norm=report.proposed_norm,
            applied_norm=report.applied_norm,
            tokens=report.tokens,
            gflop=self.gflop,
            finite=report.finite,
            levers=levers,
            measured=tuple(report.measured.items()),
        )

    def evaluated(self, turn: int, evaluation: Evaluation) -> Evaluated:
        """Count an evaluation; its event."""
        self.gflop += evaluation.gflop
        self.last = evaluation.value
        improved = self.objective.improves(evaluation.value, self.best)
        if self.best is None or improved:
            self.best = evaluation.value
        return Evaluated(turn, evaluation.value, evaluation.standard_error, self.best, self.train_loss, improved)


class TurnCycle:
    """The turns of one run: its game, its progress, and what falls due."""

    def __init__(self, config: CampaignConfig, training: TrainingState, info: LearnerInfo) -> None:
        self.config, self.training, self.info = config, training, info
        self.game = new_game(config, unavailable_levers=info.unavailable_levers, objective=info.objective)
        self.progress = Progress(info.objective)
        self.turn = 0
        """The last turn that is done."""
        self.began = False
        self.ended = False
        self.effect: StepEffect | None = None
        """Decided by the rules but not applied yet. A turn that was stopped half-way is finished after resuming, not rolled again."""

    # The turn.

    def open(self) -> CampaignBegan:
        """The beginning of the run."""
        self.began = True
        config, game, info = self.config, self.game, self.info
        return CampaignBegan(
            turn=0,
            campaign=config.name,
            kind=config.kind,
            seed=config.seed,
            turns=config.turns,
            rulebook=config.dice.rulebook,
            die=game.rules.sides,
            dc=game.dc,
            sheet=game.sheet(),
            objective=info.objective,
            parameters=info.parameters,
            model=info.model,
            device=info.device,
            dtype=info.dtype,
            energy=config.adventure.energy,
            machine=this_machine(threads=info.threads, device=info.device),
        )

    def begin(self, commands: Iterable[Command]) -> list[Event]:
        """The first half of the next turn: the rules answer the commands, cast the dice and decide `effect`."""
        facts, self.effect = self.game.begin_turn(self.turn + 1, commands)
        return facts

    def end(self, report: StepReport) -> tuple[StepTaken, list[Event]]:
        """The second half, after a step under `effect`: the step, and its consequences."""
        assert self.effect is not None, "end without begin"
        effect, self.effect = self.effect, None
        self.turn += 1
        if report.finite and isfinite(report.loss) and self.progress.loss.value is None:
            self.progress.loss.value = report.loss  # the mean starts as if this loss came twice; recorded runs hold its rounding
        levers = tuple(lever for lever in effect.levers() if not report.skipped or lever in report.measured)
        step = self.progress.stepped(self.turn, report, levers)
        return step, self.game.end_turn(self.turn, report, skipped=report.skipped)

    # Between two turns.

    def evaluated(self, evaluation: Evaluation, found: Examination | None = None) -> Iterator[Event]:
        """An evaluation of the weights as they stand, and what an examination of the model found."""
        self.training.remember(evaluation)
        yield self.progress.evaluated(self.turn, evaluation)
        yield from self.game.learned(self.turn, evaluation.value)
        if found is None:
            yield from self.game.examined(self.turn, {}, ())
        else:
            self.progress.gflop += found.gflop
            yield from self.game.examined(self.turn, found.values, found.layers)

    @property
    def camp_due(self) -> bool:
        """A camp follows the evaluation of its turn. A fallen hero makes none: the snapshot must stay the one to return to."""
        return self.turn % self.config.camps.every == 0 and not self.game.rollback_due

    def camp(self) -> Iterator[Event]:
        """A long rest, and a snapshot of the weights."""
        yield from self.game.camp(self.turn)
        self.training.snapshot()

    # The end.

    @property
    def over(self) -> bool:
        """No turn follows this one."""
        return self.turn >= self.config.turns or self.game.fallen or self.spent

    @property
    def spent(self) -> bool:
        """The campaign's energy is used up."""
        energy = self.config.adventure.energy
        return energy is not None and self.progress.gflop >= energy

    @property
    def ending(self) -> Ending:
        """How the run ends. Reaching the last turn is a victory, whatever it cost."""
        if self.game.fallen:
            return "fallen"
        return "spent" if self.spent and self.turn < self.config.turns else "victory"

    def close(self, final: Evaluation) -> CampaignEnded:
        """The end of the run, with its last evaluation."""
        self.ended = True
        assert self.progress.best is not None
        told = self._story_ending(final.value)
        return CampaignEnded(
            turn=self.turn,
            ending=self.ending,
            train_loss=self.progress.train_loss,
            value=final.value,
            standard_error=final.standard_error,
            best=self.progress.best,
            sheet=self.game.sheet(),
            gflop=self.progress.gflop,
            title=told.title if told else "",
            text=told.text if told else "",
        )

    def _story_ending(self, value: float) -> EndingConfig | None:
        """The first ending whose bar the final value reaches. A fallen hero has none."""
        reaches = self.info.objective.reaches
        earned = (ending for ending in self.config.endings if ending.value is None or reaches(value, ending.value))
        return None if self.game.fallen else next(earned, None)

    # Saves.

    def state_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "turn": self.turn,
            "began": self.began,
            "ended": self.ended,
            "val_loss": self.progress.last,
            "best_val_loss": self.progress.best,
            "loss_ema": self.progress.loss.value,
            "gflop": self.progress.gflop,
            "effect": None if self.effect is None else asdict(self.effect),
            "game": self.game.state_dict(),
        }

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Exact inverse of state_dict(). KeyError, TypeError, ValueError, AttributeError when the state is not one of a run."""
        self.turn, self.began, self.ended = int(state["turn"]), bool(state["began"]), bool(state["ended"])
        self.progress = Progress(
            self.info.objective, Smoothed(state["loss_ema"]), state["val_loss"], state["best_val_loss"], float(state["gflop"])
        )
        self.effect = load_effect(state["effect"])
        self.game.load_state_dict(state["game"])


def load_effect(state: Mapping[str, Any] | None) -> StepEffect | None:
    """Inverse of `asdict`, for a state that was JSON."""
    if state is None:
        return None
    tuples = {"micro_scales": tuple(state["micro_scales"]), "dials": tuple((dial, value) for dial, value in state.get("dials", ()))}
    return StepEffect(**{**state, **tuples})
