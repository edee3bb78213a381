"""Scouts: copies of the run that try smaller and larger steps, to measure which step size is best now.

No signal of a single run tells slow from tuned: its loss falls in both. A comparison does. There are two kinds of scouts.

    from here       start from the run as it stands, and take WALK turns with the learning rate times k
    from the start  start from the run's first weights, and take as many turns as the run has, at most FRESH, and WALK more, with the
                    rate times k

Each then takes ANNEAL turns in which its rate falls to 0 along a line. All are compared on the same validation sequences with the scout
from here that has k = 1. The anneal is needed because a smaller step always looks better at once: it settles, and settling lowers the
loss. Every scout settles before it is judged (the bias is described by Wu et al., Understanding Short-Horizon Bias in Stochastic
Meta-Optimization, 2018).

Scouts from the start are needed because a run that was too hot for long is spoilt: from where it stands, smaller steps help no more than
others for hundreds of turns. A run that begins anew with the right steps is ahead of it at the same age: of the scout with k = 1, which
has walked too. How far ahead it is serves later trips as well: they go no more once it mattered by which steps a run began.

Which scouts go, and what their values mean, is told by `rules.health.pace`. Nothing here can change the run: its learner is only read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

from rolltrain_tui.base.statistics import mean_and_error
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import ScoutsReturned
from rolltrain_tui.protocol.learner import Learner
from rolltrain_tui.protocol.readings import ScoutReport
from rolltrain_tui.rules.health import pace
from rolltrain_tui.rules.health.pace import SCOUT_ANNEAL as ANNEAL
from rolltrain_tui.rules.health.pace import SCOUT_WALK as WALK
from rolltrain_tui.rules.health.pace import SCOUTS_ANEW as FRESH

PREFIX = "start."
"""Names of the first weights in a save begin so, until the scouts from the start have gone."""
SEQUENCES = 128
"""Sequences of the probe set on which scouts are compared."""

State = tuple[Mapping[str, Any], Mapping[str, Any]]
"""Tensors and JSON values of a learner."""


@dataclass(frozen=True, slots=True)
class Walked:
    """What one scout brought back."""

    values: list[float]
    """On each sequence; lower is better. Not finite where its training came to nothing."""
    lr: float
    """The schedule's learning rate in its last turn before the anneal."""
    gflop: float
    overlap: float
    """See `Evaluation`."""


class Scouts:
    """The scouts of one campaign."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner
        objective = learner.info().objective
        self._sign, self._step = 1.0 if objective.better == "lower" else -1.0, objective.step
        self.hear: Callable[[], None] = lambda: None
        """Called before each turn of a scout: the player may call them off by leaving."""
        self._fork: Learner | None = None
        """Made at first use and kept, so that a second copy of the model is allocated once."""
        self._start: State | None = None
        """The run before its first turn."""
        self._anew: dict[float, list[float]] = {}
        """What scouts from the start found last. Size of their steps (learning rate x k) -> difference to the run of the same age,
        on each sequence."""
        self.due = False
        """They go out before the next turn."""
        self.last = 0
        """The turn of their last trip."""
        self.gflop = 0.0
        """Spent on all scouts so far, evaluations included. It does not count as the run's."""

    def remember_start(self) -> None:
        """Keep the learner's state as it is now, before the first turn."""
        self._start = self._learner.tensors(), self._learner.state_dict()

    def go(self, turn: int, usual: StepEffect) -> ScoutsReturned:
        """Send them out after this turn. `usual`: the effect of an average turn as the hero stands.

        Raises StepAbandoned; they are due still then.
        """
        stand = self._learner.tensors(), self._learner.state_dict()
        walked = {1.0: self._walk(stand, WALK, usual, 1.0)}
        overlap = walked[1.0].overlap
        while (k := pace.next_here({k: scout.values for k, scout in walked.items()}, overlap)) is not None:
            walked[k] = self._walk(stand, WALK, usual, k)
        here, mine = {k: scout.values for k, scout in walked.items()}, walked[1.0]
        step = mine.lr * usual.k_requested
        anew, spent = self._from_the_start(turn, usual, mine.values, step)
        self.due, self.last, self.gflop = False, turn, self.gflop + spent + sum(scout.gflop for scout in walked.values())
        best = pace.best_step(here, anew, overlap)
        found = [(k, pace.differences(values, mine.values), False) for k, values in sorted(here.items()) if k != 1]
        found += [(k, differences, True) for k, differences in sorted(anew.items())]
        reports = tuple(ScoutReport(k, *self._mean(differences, overlap), is_anew) for k, differences, is_anew in found)
        return ScoutsReturned(turn, best.pace, best.k, best.low, best.high, reports, self.gflop)

    def _mean(self, differences: list[float], overlap: float) -> tuple[float, float]:
        """The mean in the unit of the objective, with its standard error."""
        mean, error = mean_and_error(differences)
        return self._sign * mean, error * sqrt(overlap)

    def _from_the_start(self, turn: int, usual: StepEffect, mine: list[float], step: float) -> tuple[dict[float, list[float]], float]:
        """Differences to the run of the same age, by the multiple of its steps of now; and the cost of the scouts that went now."""
        if step <= 0:
            return {}, 0.0
        if self._start is None:
            return {size / step: differences for size, differences in self._anew.items()}, 0.0
        walked = {k: self._walk(self._start, min(turn, FRESH) + WALK, usual, k) for k in pace.ANEW}
        found = {k: pace.differences(scout.values, mine) for k, scout in walked.items()}
        if turn >= FRESH or (turn >= pace.FIRST_TRIP and pace.tells(found, self._step)):
            self._anew = {scout.lr * usual.k_requested * k: found[k] for k, scout in walked.items()}
            self._start = None
        return found, sum(scout.gflop for scout in walked.values())

    def _walk(self, start: State, turns: int, usual: StepEffect, k: float) -> Walked:
        """Send one scout."""
        if self._fork is None:
            self._fork = self._learner.fork()
        scout, spent, lr = self._fork, 0.0, 0.0
        scout.load_state(*start)
        scout.should_stop = self._learner.should_stop
        for turn in range(turns + ANNEAL):
            self.hear()
            left = min(1.0, (turns + ANNEAL - turn) / (ANNEAL + 1))  # of the rate: 1 on the walk, then down along a line
            report = scout.step(usual.combine(StepEffect(lr_scale=k if left == 1 else min(k, 1.0) * left)))
            spent, lr = spent + report.gflop, report.lr if left == 1 else lr
        evaluation = scout.evaluate(SEQUENCES)
        return Walked([self._sign * value for value in evaluation.values], lr, spent + evaluation.gflop, evaluation.overlap)

    # Saves.

    def tensors(self) -> dict[str, Any]:
        """The first weights, as long as they are needed; their names begin with PREFIX."""
        return {} if self._start is None else {PREFIX + name: tensor for name, tensor in self._start[0].items()}

    def state_dict(self) -> dict[str, Any]:
        """As JSON values."""
        anew = [[size, differences] for size, differences in self._anew.items()]
        return {
            "due": self.due,
            "last": self.last,
            "gflop": self.gflop,
            "anew": anew,
            "start": None if self._start is None else self._start[1],
        }

    def load_state(self, state: Mapping[str, Any], tensors: Mapping[str, Any]) -> None:
        """Exact inverse of state_dict() and tensors()."""
        self.due, self.gflop, self._fork = bool(state["due"]), float(state["gflop"]), None
        self.last = int(state.get("last", 0))
        self._anew = {float(size): [float(d) for d in differences] for size, differences in state["anew"]}
        own = {name.removeprefix(PREFIX): tensor for name, tensor in tensors.items() if name.startswith(PREFIX)}
        self._start = None if state["start"] is None else (own, state["start"])
