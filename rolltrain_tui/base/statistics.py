"""Statistics of examples and of paired seeds. scipy would bring 143 MB and a second at start for these few functions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum, inf, isfinite, nan, sqrt
from typing import Literal

Verdict = Literal["better", "worse", "no measurable difference"]

STUDENT_95 = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.10, 2.09, 2.09)
"""Two-sided 95 % points of Student's t, for 1 to 20 degrees of freedom."""

DECAY = 0.95
"""The weight of the old mean in a running mean, which so covers about the last 20 values."""


@dataclass(slots=True)
class Smoothed:
    """A running mean: 0.95 of the mean so far plus 0.05 of the new value. The first value is the first mean."""

    value: float | None = None

    def add(self, x: float) -> float:
        """The new mean."""
        self.value = x if self.value is None else DECAY * self.value + (1 - DECAY) * x
        return self.value


def mean_and_error(numbers: Sequence[float]) -> tuple[float, float]:
    """The mean and its standard error, which is infinite for a single number. NaN where one of them is not finite."""
    n = len(numbers)
    if not all(map(isfinite, numbers)):
        return nan, nan
    mean = total(numbers) / n
    return mean, sqrt(total(square(x - mean) for x in numbers) / (n - 1) / n) if n > 1 else inf


def total(numbers: Iterable[float]) -> float:
    """The exact sum; infinite or NaN where it is no number. `fsum` raises there, and losses in float64 come that far."""
    found = list(numbers)
    try:
        return fsum(found)
    except (OverflowError, ValueError):
        return sum(found)


def square(x: float) -> float:
    """x²; infinite where Python's ** raises."""
    try:
        return float(x**2)
    except OverflowError:
        return inf


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over seeds."""

    mean: float
    """NaN without numbers, or if one of them is not finite."""
    standard_error: float
    """Sample standard deviation (divided by n - 1) over sqrt(n); NaN for fewer than two numbers."""
    n: int
    higher_is_better: bool = False

    @property
    def verdict(self) -> Verdict:
        """For a difference: better or worse if |mean| > 2 standard errors. One seed cannot decide."""
        if not isfinite(self.standard_error) or abs(self.mean) <= 2 * self.standard_error:
            return "no measurable difference"
        return "better" if (self.mean > 0) == self.higher_is_better else "worse"


def estimate(numbers: Sequence[float]) -> Estimate:
    """Mean and standard error."""
    n = len(numbers)
    if n == 0 or not all(map(isfinite, numbers)):
        return Estimate(nan, nan, n)
    mean = sum(numbers) / n
    if n == 1:
        return Estimate(mean, nan, 1)
    variance = sum(square(x - mean) for x in numbers) / (n - 1)
    return Estimate(mean, sqrt(variance / n), n)


def paired(ours: Mapping[int, float], theirs: Mapping[int, float], *, higher_is_better: bool = False) -> Estimate:
    """The mean difference ours - theirs over the seeds of both. Pairing cancels what runs of one seed share."""
    found = estimate([ours[seed] - theirs[seed] for seed in ours if seed in theirs])
    return replace(found, higher_is_better=higher_is_better)


def student_95(n: int) -> float:
    """Half the width of the 95 % interval of a mean of n numbers, in standard errors."""
    degrees = n - 1
    if degrees < 1:
        return nan
    return STUDENT_95[degrees - 1] if degrees <= len(STUDENT_95) else 1.96 + 2.5 / degrees
