"""The signals: measurements that tell a healthy training from a sick one, as rows.

`signal_monitor.py` computes some of them every turn. The learner examines the others at each evaluation. A row has the default bounds;
scouting may widen them for a run.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from rolltrain_tui.base.registry import Registry
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.protocol.readings import Reading
from rolltrain_tui.rules.plugin_checks import check_row, require

Side = Literal["low", "high"]
OF_OBJECTIVE = "objective"
OF_LOSS = ("loss_rise", "above_chance", "projected_gain")
"""Told by the training loss."""
STEP_EXCESS = "step_excess"
"""Measured by scouts. Where none has gone out there is no reading of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One signal: its bounds, its meaning, and what to do where it is sick."""

    name: str
    title: str
    unit: str
    """As printed behind the number; "" for a plain one. OF_OBJECTIVE: the unit of what evaluations measure, and bounds in its steps."""
    low: float | None = None
    """Below this it is sick; None: nothing is too low."""
    high: float | None = None
    """Above this it is sick; None: nothing is too high."""
    high_of_surrogate: float | None = None
    """In place of `high` where the training loss is a surrogate; None: as elsewhere."""
    meaning: str
    """What it measures, half a sentence."""
    advice: str
    """What a practitioner does when it is sick."""

    def bound(self, side: Side, objective: Objective) -> float | None:
        """The bound on this side in the objective's unit, before scouting; None: there is none."""
        bound = self.low if side == "low" else self.high
        if side == "high" and objective.surrogate and self.high_of_surrogate is not None:
            bound = self.high_of_surrogate
        return bound * objective.step if bound is not None and self.unit == OF_OBJECTIVE else bound

    def unit_of(self, objective: Objective) -> str:
        """The unit as it is printed in a run with this objective."""
        return objective.short_unit if self.unit == OF_OBJECTIVE else self.unit


_SIGNALS = (
    # Heard every turn.
    Signal(
        name="loss_rise",
        title="Loss over its best",
        unit="x",
        high=1.3,
        meaning="the smoothed training loss over the lowest it has been",
        advice="lower the learning rate, or go back to the best checkpoint",
    ),
    Signal(
        name="above_chance",
        title="Loss above chance",
        unit=OF_OBJECTIVE,
        high=0.2,
        meaning="the smoothed training loss minus that of guessing blindly",
        advice="it is worse than knowing nothing: go back, and lower the learning rate",
    ),
    Signal(
        name="gradient_spike",
        title="Gradient spike",
        unit="x",
        high=3.0,
        high_of_surrogate=10.0,  # healthy runs of PPO and DQN reach 6: their gradients have a heavy tail
        meaning="the largest gradient of the last 20 turns, over the average before it",
        advice="clip gradients, lower the learning rate, look at the batch",
    ),
    Signal(
        name="non_finite",
        title="Non-finite turns",
        unit="",
        high=0.0,
        meaning="turns whose loss or gradient was infinite or not a number, of the last 20",
        advice="go back to a checkpoint, halve the learning rate, clip gradients",
    ),
    Signal(
        name="projected_gain",
        title="Projected gain",
        unit="%",
        low=1.0,
        meaning="what the next 100 turns would take off the loss at the pace of the last 60",
        advice="nearly flat: scouts tell whether larger or smaller steps would help; where neither does, stop",
    ),
    # Examined at each evaluation.
    Signal(
        name="update_ratio",
        title="Update / weight",
        unit="",
        low=3e-4,
        high=0.1,
        meaning="the norm of one turn's update over the norm of the weights",
        advice="far outside what trains well: raise the learning rate below the range, lower it above",
    ),
    Signal(
        name="weight_growth",
        title="Weight growth",
        unit="%",
        high=25.0,
        meaning="how much the weights' norm has grown in 100 turns",
        advice="raise weight decay, lower the learning rate",
    ),
    Signal(
        name="temperature",
        title="Temperature",
        unit=OF_OBJECTIVE,
        high=0.2,
        meaning="how much worse the weights evaluate than the point half-way to their running average",
        advice="bouncing: decay the learning rate, average the weights, enlarge the batch; below zero it is still travelling",
    ),
    Signal(
        name="gap",
        title="Overfit gap",
        unit=OF_OBJECTIVE,
        low=-0.1,
        high=0.3,
        meaning="how much worse the model is on validation data than on training data",
        advice="more data, dropout, weight decay, or stop early; far below zero, look whether test data has leaked into the lessons",
    ),
    Signal(
        name="val_rise",
        title="Validation rise",
        unit=OF_OBJECTIVE,
        high=0.02,
        meaning="how much worse than their best the last three evaluations were",
        advice="stop, or return to the best checkpoint",
    ),
    Signal(
        name="dead_units",
        title="Dead units",
        unit="",
        high=0.1,
        meaning="share of the hidden units that never fire on the probe examples",
        advice="lower the learning rate, start these units anew",
    ),
    Signal(
        name="agree_fraction",
        title="Agreement",
        unit="",
        low=0.35,
        meaning="part of the coordinates in which a fresh gradient points the way the optimiser's memory goes",
        advice="the steps overshoot: lower the learning rate, or less momentum",
    ),
    Signal(
        name="noise_scale",
        title="Noise scale",
        unit="batches",
        high=64.0,
        meaning="the batch size beyond which more data would hardly steady the gradient, in this run's batches",
        advice="enlarge the batch by accumulation",
    ),
    # Measured by scouts.
    Signal(
        name=STEP_EXCESS,
        title="Step over the best",
        unit="x",
        low=1 / 3,
        high=3.0,
        meaning="the run's step over the step that scouts found best",
        advice="above the range lower the learning rate, below it raise it",
    ),
)


def check_signal(name: str, row: object) -> Signal:
    """The row, if a plug-in may add it under this name. RowError says why not."""
    signal = check_row(Signal, name, row)
    bounds = [bound for bound in (signal.low, signal.high) if bound is not None]
    require(bounds and all(isinstance(bound, int | float) and isfinite(bound) for bound in bounds), "its low or high must be a number")
    return signal


SIGNALS = Registry("rolltrain.signals", _SIGNALS, of_modes="rolltrain_tui.modes:signals", kind="signal", check=check_signal)


def measurable(readings: Iterable[Reading], objective: Objective) -> tuple[Reading, ...]:
    """Without those that this kind of training never tells: what the loss would, where that is a surrogate."""
    never = OF_LOSS if objective.surrogate else ()
    return tuple(reading for reading in readings if reading.condition != "unknown" or reading.signal not in never)
