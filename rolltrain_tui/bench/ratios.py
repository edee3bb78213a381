"""Ratios of times that were measured in pairs."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as fast as the reference: the median over pairs, and an interval that holds the true median 95 times in 100."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3f} ({self.low:.3f} to {self.high:.3f})"


def speed(reference: Sequence[float], found: Sequence[float]) -> Ratio:
    """From the times of both, pair by pair.

    The interval runs from the k-th smallest ratio to the k-th largest. Each ratio is above the true median with chance one half. So k comes
    from the binomial distribution, whatever the machine's noise looks like (the sign test's interval). Of fewer than six pairs it is the
    whole range, which holds less than 95 in 100.
    """
    ratios = sorted(a / b for a, b in zip(reference, found, strict=True))
    outside = _outside(len(ratios))
    return Ratio(statistics.median(ratios), ratios[outside], ratios[-1 - outside])


def _outside(pairs: int) -> int:
    """How many ratios are left out on each side: the most for which both ends together miss the true median in 5 of 100."""
    chances = (math.comb(pairs, above) / 2**pairs for above in range(pairs))
    allowed = [missed for missed in accumulate(chances) if missed <= (1 - CONFIDENCE) / 2]
    return max(0, len(allowed) - 1)
