"""What an examination of the model finds: signals beside their bounds, and layers."""

from dataclasses import dataclass
from math import isnan
from typing import Literal

Condition = Literal["healthy", "sick", "unknown"]
Pace = Literal["slow", "tuned", "hot", "unclear"]
"""The size of a run's steps, as scouts judge it: too small, right, too large, or unclear."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One signal as it was found, beside the bounds it was held against."""

    signal: str
    value: float
    """NaN when it could not be measured (yet)."""
    low: float | None
    high: float | None

    @property
    def condition(self) -> Condition:
        if isnan(self.value):
            return "unknown"
        too_low = self.low is not None and self.value < self.low
        too_high = self.high is not None and self.value > self.high
        return "sick" if too_low or too_high else "healthy"


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerReading:
    """One parameter tensor, or group of tensors, under the glass."""

    name: str
    weights: int
    weight_norm: float
    gradient_norm: float
    update_ratio: float
    """|update of one turn| / |weights|; NaN before the first."""
    histogram: tuple[int, ...]
    """How many gradient entries have log10 |g| in [-9, -8), [-8, -7), ... [0, 1): the first and last bins take what lies beyond."""
    dead: float
    """Part of its units that no probe example activates; NaN where it has none."""


@dataclass(frozen=True, slots=True)
class ScoutReport:
    """What one scout found: a copy of the run that took steps k times as large."""

    k: float
    delta: float
    """Its value at the end minus that of a scout with the run's own steps, in the unit of the objective. NaN where it came to nothing."""
    standard_error: float
    """Standard error of the paired difference over the sequences."""
    anew: bool
    """It began with the run's first weights, not where the run stands."""
