"""The watch: hears every turn's report and every evaluation, and holds the signals against their bounds.

With L the raw training loss of a turn, E its running average (0.95 old, 0.05 new) and |g| the gradient's norm, each turn tells:

    loss_rise       1 + (E - lowest E) / max(lowest E, 0.3)         the 0.3 nats: a text learned by heart has no loss to speak of
    above_chance    E - ln V, where V, the number of characters, was told
    gradient_spike  max over the last 20 turns of |g| / (running average of |g| before that turn)
    non_finite      turns without a finite loss and gradient, of the last 20
    projected_gain  -100 x slope of the last 60 losses (least squares) / E, in percent

The loss of a surrogate objective is not heard, since it may fall while play gets worse; and its gradients have a heavier tail, so that a
spike is one from a higher bound on. Each evaluation tells val_rise, how much worse
the best of the last three values is than the best ever. All others are examined in the model by the learner and only kept here.

Scouting: what a few signals show in the first turns may widen their bounds, where how large is healthy depends on model, batch and
data: to 1.5 times what was seen, but never tighter than the default nor wider than twice it, so that a run sick from its first turn
does not pass for the measure of health.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from math import isfinite, log10, nan
from operator import mul
from typing import Any, Protocol

from rolltrain_tui.base.statistics import Smoothed
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.protocol.readings import Reading
from rolltrain_tui.rules.health.signals import SIGNALS, STEP_EXCESS, Side

RECENT = 20
"""Turns that a spike or a non-finite step is remembered."""
SLOPE_TURNS = 60
WARM = 10
"""Gradients heard before one can be called a spike."""
LEAST_LOSS = 0.3
CALIBRATED = ("gradient_spike", "weight_growth", "noise_scale", "agree_fraction")
MARGIN, WIDEST = 1.5, 2.0
LOGARITHMIC = ("update_ratio", STEP_EXCESS)
"""How far these are beyond a bound is counted in powers of ten."""

_TIMES = [i - (SLOPE_TURNS - 1) / 2 for i in range(SLOPE_TURNS)]
_SPREAD = sum(t * t for t in _TIMES)


class Heard(Protocol):
    """What the watch hears of a turn."""

    @property
    def loss(self) -> float: ...
    @property
    def grad_norm(self) -> float: ...
    @property
    def finite(self) -> bool: ...


class SignalMonitor:
    """The signals of one run, as they stand."""

    def __init__(self, scouting: int = 0, objective: Objective | None = None, highest: Mapping[str, float] | None = None) -> None:
        """`highest`: signal -> its upper bound in this campaign, in place of the row's."""
        self.scouting = scouting
        """Turns in which bounds may still move."""
        self.objective = objective or Objective()
        self.highest = highest or {}
        self._seen: dict[str, float] = {}
        """The least healthy value of each calibrated signal while scouting."""
        self.wake()

    def wake(self) -> None:
        """The weights went back to a camp: what was heard of the run that was given up says nothing of this one. Bounds stay."""
        self._values: dict[str, float] = {}
        self._loss = Smoothed()
        self._lowest: float | None = None
        self._losses: deque[float] = deque(maxlen=SLOPE_TURNS)
        self._gradient = Smoothed()
        self._gradients = 0
        self._spikes: deque[float] = deque(maxlen=RECENT)
        self._lost_turns: list[int] = []
        self._validations: deque[float] = deque(maxlen=3)
        self._best: float | None = None

    # What is heard.

    def hear(self, turn: int, report: Heard) -> None:
        """One turn's report; a turn that was not finite counts as that and as nothing else."""
        if self._lost_turns:
            self._lost_turns = [lost for lost in self._lost_turns if lost > turn - RECENT]
        if report.finite and isfinite(report.grad_norm):
            if isfinite(report.loss) and not self.objective.surrogate:  # a foreign loop may keep its loss to itself
                self._hear_loss(report.loss)
            self._hear_gradient(turn, report.grad_norm)
        else:
            self._lost_turns.append(turn)
        self._values["non_finite"] = float(len(self._lost_turns))

    def _hear_loss(self, loss: float) -> None:
        ema = self._loss.add(loss)
        self._lowest = lowest = ema if self._lowest is None else min(self._lowest, ema)
        self._values["loss_rise"] = 1 + (ema - lowest) / max(lowest, LEAST_LOSS)
        if self.objective.of_loss and self.objective.chance is not None:
            self._values["above_chance"] = ema - self.objective.chance
        self._losses.append(loss)
        if len(self._losses) == SLOPE_TURNS:
            slope = sum(map(mul, _TIMES, self._losses)) / _SPREAD
            self._values["projected_gain"] = -100 * slope / max(ema, 1e-9) * 100

    def _hear_gradient(self, turn: int, norm: float) -> None:
        before = self._gradient.value
        self._gradient.add(norm)
        self._gradients += 1
        if turn == self.scouting + 1:  # the leap of a young run widens the bound while scouting, and is no spike afterwards
            self._spikes.clear()
        if before and self._gradients > WARM:
            self._spikes.append(norm / before)
            self._values["gradient_spike"] = max(self._spikes)
            self._scout(turn, "gradient_spike")

    def validated(self, value: float) -> None:
        """An evaluation; one that is not finite says nothing."""
        if not isfinite(value):
            return
        best = min if self.objective.better == "lower" else max
        self._validations.append(value)
        self._best = value if self._best is None else best(self._best, value)
        if len(self._validations) == 3:
            self._values["val_rise"] = self.objective.worse(best(self._validations), than=self._best)

    def examined(self, turn: int, values: Mapping[str, float]) -> None:
        """What the learner found in the model; what it could not tell is unknown from here on, also where it was known."""
        for name, value in values.items():
            if name in SIGNALS:
                self._values[name] = value if isfinite(value) else nan
                self._scout(turn, name)

    def _scout(self, turn: int, name: str) -> None:
        value = self._values[name]
        if turn > self.scouting or name not in CALIBRATED or value != value:
            return
        worse = max if SIGNALS[name].high is not None else min
        self._seen[name] = worse(self._seen.get(name, value), value)

    # What it means.

    def reading(self, name: str) -> Reading:
        """A signal beside the bounds that hold for this run."""
        return Reading(name, self._values.get(name, nan), self._bound(name, "low"), self._bound(name, "high"))

    def readings(self) -> tuple[Reading, ...]:
        """All built-in signals, then those that this run was told of besides: what is installed alone changes no run."""
        more = sorted(name for name in self._values if name not in SIGNALS.built_in)
        built_in = [name for name in SIGNALS.built_in if name != STEP_EXCESS or name in self._values]
        return tuple(self.reading(name) for name in (*built_in, *more))

    def knows(self, name: str) -> bool:
        value = self._values.get(name, nan)
        return value == value

    def sick(self, name: str, side: Side) -> bool:
        return self.excess(name, side) > 0

    def excess(self, name: str, side: Side) -> float:
        """How far a signal is beyond its bound on this side, in its own unit or powers of ten; negative within, 0 while unknown."""
        value, bound = self._values.get(name, nan), self._bound(name, side)
        if bound is None or value != value:
            return 0.0
        beyond = log10(max(value, 1e-12) / bound) if name in LOGARITHMIC else value - bound
        return beyond if side == "high" else -beyond

    def _bound(self, name: str, side: Side) -> float | None:
        own = self.highest.get(name) if side == "high" else None
        default = SIGNALS[name].bound(side, self.objective) if own is None else own
        seen = self._seen.get(name)
        if default is None or seen is None:
            return default
        if side == "high":
            return min(WIDEST * default, max(default, MARGIN * seen))
        return max(default / WIDEST, min(default, seen / MARGIN))

    # Saves.

    def state_dict(self) -> dict[str, Any]:
        """Everything heard, as JSON values; an unknown value is null."""
        return {
            "values": {name: value if value == value else None for name, value in self._values.items()},
            "seen": dict(self._seen),
            "loss": self._loss.value,
            "lowest": self._lowest,
            "losses": list(self._losses),
            "gradient": self._gradient.value,
            "gradients": self._gradients,
            "spikes": list(self._spikes),
            "lost_turns": list(self._lost_turns),
            "validations": list(self._validations),
            "best": self._best,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Exact inverse of state_dict()."""
        self._values = {name: nan if value is None else value for name, value in state["values"].items()}
        self._seen = dict(state["seen"])
        self._loss, self._lowest, self._best = Smoothed(state["loss"]), state["lowest"], state["best"]
        self._losses = _last(state["losses"], SLOPE_TURNS)
        self._gradient, self._gradients = Smoothed(state["gradient"]), state["gradients"]
        self._spikes, self._validations = _last(state["spikes"], RECENT), _last(state["validations"], 3)
        self._lost_turns = list(state["lost_turns"])


def _last(values: Iterable[float], most: int) -> deque[float]:
    return deque(values, maxlen=most)
