"""The metrics of a run, turn by turn, under the names that other tools expect: a pure fold of events."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import isfinite

from rolltrain_tui.protocol import events as ev
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.objective import VALIDATION_LOSS, Objective
from rolltrain_tui.protocol.sheet import BLANK
from rolltrain_tui.story.sheet import sheet_after

METRICS: Mapping[str, str] = {
    "train/loss": "raw loss of the turn's batch",
    "train/loss_ema": "its running mean",
    "train/loss_rolled": "raw loss times the k that was asked for: what Roll-to-Train calls the loss after the roll",
    "val/loss": "what evaluations measure; its name where that is no loss: val/R²",
    "val/loss_se": "its standard error",
    "val/loss_best": "the best so far",
    "lr": "learning rate",
    "grad_norm": "norm of the mean gradient, before clipping",
    "update/proposed_norm": "length of the step that the optimiser proposed",
    "update/applied_norm": "length of the step that was taken",
    "k/asked": "multiple of the update that dice and abilities asked for",
    "k/felt": "multiple that was measured in the weights",
    "roll/natural": "the die that counted, of the turn's last roll",
    "roll/total": "with its modifier",
    "hero/hp": "hit points",
    "hero/level": "level",
    "hero/xp": "experience",
    "perf/tokens": "tokens read so far",
    "perf/gflop": "energy spent so far",
    "val/final": "in the last row: measured on the larger final set, so it may be better than the best so far",
}
"""Name -> meaning, in the order of the table's columns."""
LEVERS = frozenset(lever.name for lever in fields(StepEffect))
WORDS = ("roll/outcome", "abilities", "monster", "levers")
"""Columns that hold words."""


def published(name: str, objective: Objective) -> str:
    """The metric's name for other tools: val/loss only where evaluations measure a loss."""
    if objective.of_loss or not name.startswith("val/loss"):
        return name
    return name.replace("val/loss", f"val/{objective.name.replace(' ', '_')}", 1)


@dataclass(slots=True)
class TurnMetrics:
    """The metrics of one turn. Turn 0 is the start: it has an evaluation and no step."""

    turn: int
    numbers: dict[str, float] = field(default_factory=dict)
    """Metric -> value. A metric that was not measured in this turn is absent; a measured one may be infinite or NaN."""
    outcome: str = ""
    abilities: tuple[str, ...] = ()
    """In force while the step was taken."""
    monster: str = ""
    """Present while the step was taken."""
    levers: tuple[str, ...] = ()
    dice: tuple[int, ...] = ()
    """The natural results of all dice of the turn."""
    stepped: bool = False
    own: tuple[str, ...] = ()
    """Numbers that this kind of training tells of each step, besides those of every kind: policy/approxkl_avg."""
    objective: Objective = VALIDATION_LOSS

    @property
    def published(self) -> dict[str, float]:
        """The numbers under the names that other tools see."""
        return {published(name, self.objective): value for name, value in self.numbers.items()}

    @property
    def words(self) -> dict[str, str]:
        return dict(zip(WORDS, (self.outcome, "; ".join(self.abilities), self.monster, "; ".join(self.levers)), strict=True))


class MetricRecorder:
    """Collects events into the metrics of each turn."""

    def __init__(self) -> None:
        self._metrics: TurnMetrics | None = None
        self._in_force: dict[str, int | None] = {}
        """Ability -> its last turn; None until it ends."""
        self._monster = ""
        self._objective = VALIDATION_LOSS
        self._sheet = BLANK
        self._tokens = 0
        self._roll: ev.DiceRolled | None = None
        self._dice: list[int] = []

    def take(self, event: ev.Event) -> TurnMetrics | None:
        """Take the next event. Answer with the finished turn when this event begins another one."""
        done = None
        if isinstance(event, ev.StepTaken | ev.Evaluated) and (self._metrics is None or event.turn > self._metrics.turn):
            done, self._metrics = self.close(), TurnMetrics(event.turn, objective=self._objective)
        self._sheet = sheet_after(event, self._sheet)
        self._write(event)
        return done

    def close(self) -> TurnMetrics | None:
        """The last turn, which no event has ended."""
        metrics, self._metrics = self._metrics, None
        if metrics is not None:
            metrics.numbers |= {"hero/hp": self._sheet.hp, "hero/level": self._sheet.level, "hero/xp": self._sheet.xp}
        return metrics

    def _write(self, event: ev.Event) -> None:
        match event:
            case ev.CampaignBegan():
                self._objective = event.objective
            case ev.StepTaken():
                self._step(event)
            case ev.Evaluated() if self._metrics is not None:
                self._metrics.numbers |= {"val/loss": event.value, "val/loss_best": event.best}
                if isfinite(event.standard_error):  # of one example it is not known
                    self._metrics.numbers["val/loss_se"] = event.standard_error
            case ev.CampaignEnded() if self._metrics is not None:
                self._metrics.numbers |= {"val/final": event.value, **_spent(event)}
            case ev.DiceRolled():
                self._roll = event
                self._dice += event.naturals
            case ev.AbilityUsed():
                self._in_force[event.ability] = event.turn + event.turns - 1 if event.turns else None
            case ev.AbilityEnded():
                self._in_force.pop(event.ability, None)
            case ev.MonsterAppeared():
                self._monster = event.monster
            case ev.MonsterFell() | ev.MonsterLeft():
                self._monster = ""

    def _step(self, step: ev.StepTaken) -> None:
        metrics = self._metrics
        assert metrics is not None, "a step opens its turn"
        self._tokens += step.tokens
        metrics.stepped, metrics.levers, metrics.dice = True, step.levers, tuple(self._dice)
        metrics.numbers |= {
            "train/loss": step.loss,
            "train/loss_ema": step.loss_ema,
            "train/loss_rolled": step.loss * step.k_requested,
            "lr": step.lr,
            "grad_norm": step.grad_norm,
            "k/asked": step.k_requested,
            **({"perf/tokens": self._tokens} if self._tokens else {}),  # a foreign loop does not count them
            **_spent(step),
        }
        felt = {"update/proposed_norm": step.proposed_norm, "update/applied_norm": step.applied_norm, "k/felt": step.k_effective}
        metrics.numbers |= {name: value for name, value in felt.items() if value is not None}
        own = {name: value for name, value in step.measured if name.partition(".")[0] not in LEVERS and name not in METRICS}
        metrics.own, metrics.numbers = tuple(own), metrics.numbers | own
        if self._roll is not None:
            metrics.numbers |= {"roll/natural": self._roll.natural, "roll/total": self._roll.total}
            metrics.outcome = self._roll.outcome
        metrics.abilities, metrics.monster = tuple(self._in_force), self._monster
        self._in_force = {name: until for name, until in self._in_force.items() if until is None or until > step.turn}
        self._roll, self._dice = None, []


def _spent(event: ev.StepTaken | ev.CampaignEnded) -> dict[str, float]:
    """The energy, where it is measured: a foreign loop's is not."""
    return {"perf/gflop": event.gflop} if event.gflop else {}
