"""Pearson's chi-square test: is the die fair? Standard library only."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite, lgamma, log, nan

from rolltrain_tui.base.grammar import counted

LEAST_EXPECTED = 5
"""Smallest expected count per face for which the test is valid (Cochran's rule)."""


@dataclass(frozen=True, slots=True)
class Fairness:
    """The result of the test."""

    dice: int
    chi_square: float
    degrees: int
    p: float
    """Probability that a fair die gives this chi-square or a larger one; NaN for too few dice."""

    @property
    def words(self) -> str:
        if not isfinite(self.p):
            return f"{counted(self.dice, 'die', 'dice')}: too few to judge"
        return f"{counted(self.dice, 'die', 'dice')}, χ² = {self.chi_square:.1f} on {self.degrees} degrees, p = {self.p:.3f}"


def fairness(counts: Sequence[int]) -> Fairness:
    """Test the counts of the faces, lowest face first."""
    dice, sides = sum(counts), len(counts)
    expected = dice / sides
    if expected < LEAST_EXPECTED:
        return Fairness(dice, nan, sides - 1, nan)
    chi_square = sum((count - expected) ** 2 for count in counts) / expected
    return Fairness(dice, chi_square, sides - 1, upper_gamma((sides - 1) / 2, chi_square / 2))


def upper_gamma(a: float, x: float) -> float:
    """Q(a, x), the regularised upper incomplete gamma function, for a > 0 and x >= 0.

    Small x: the series, Abramowitz and Stegun 6.5.29. Others: the continued fraction 6.5.31, by Lentz's method.
    """
    if x == 0:
        return 1.0
    front = exp(a * log(x) - x - lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        n = a
        while term > total * 1e-16:
            n += 1
            term *= x / n
            total += term
        return 1 - front * total
    b = x + 1 - a
    c, d = 1e300, 1 / b
    fraction = d
    for i in range(1, 1000):
        step = -i * (i - a)
        b += 2
        d = 1 / (step * d + b)
        c = b + step / c
        fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * fraction
