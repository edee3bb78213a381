"""Means, errors and paired differences against numbers done by hand."""

from math import inf, isnan, nan, sqrt

import pytest

from rolltrain_tui.base.statistics import Estimate, estimate, mean_and_error, paired, square, student_95, total


def test_mean_and_standard_error() -> None:
    """Of 1, 2, 3, 6: mean 3, variance 14 / 3, standard error its root over 2."""
    found = estimate([1.0, 2.0, 3.0, 6.0])
    assert (3.0, 4) == (found.mean, found.n)
    assert pytest.approx(sqrt(14 / 3) / 2, rel=1e-12) == found.standard_error


def test_pairing_cancels_what_the_seeds_share() -> None:
    """Only seeds on both sides count, and a constant difference has no error, however far the seeds lie apart."""
    found = paired({1: 2.5, 2: 12.5, 3: 7.0}, {2: 12.25, 1: 2.25, 4: 0.0})
    assert Estimate(0.25, 0.0, 2) == found
    assert found.verdict == "worse"


@pytest.mark.parametrize(
    ("mean", "error", "verdict"),
    [
        (-0.3, 0.1, "better"),
        (0.3, 0.1, "worse"),
        (-0.2, 0.1, "no measurable difference"),
        (0.0, 0.0, "no measurable difference"),
        (5.0, nan, "no measurable difference"),
    ],
)
def test_verdict(mean: float, error: float, verdict: str) -> None:
    """A side is taken only beyond two standard errors, and never by one seed."""
    assert Estimate(mean, error, 3).verdict == verdict


@pytest.mark.parametrize("numbers", [[], [nan, 1.0], [float("inf"), 1.0]])
def test_nothing_to_tell(numbers: list[float]) -> None:
    """Without numbers, or with one that is not finite, there is neither mean nor error."""
    found = estimate(numbers)
    assert isnan(found.mean)
    assert isnan(found.standard_error)


def test_one_number_has_no_error() -> None:
    """A single run has a mean and no standard error."""
    found = estimate([2.0])
    assert found.mean == 2.0
    assert isnan(found.standard_error)


def test_student_falls_towards_the_normal() -> None:
    """The factor for 95 % confidence falls with every seed, from 12.7 at two to 1.96."""
    factors = [student_95(n) for n in range(2, 200)]
    assert factors == sorted(factors, reverse=True)
    assert (12.71, 4.30) == tuple(factors[:2])
    assert 1.96 < factors[-1] < 1.98


def test_numbers_near_the_end_of_float64_have_a_mean() -> None:
    """Losses of a run in float64 that diverges: the error may be infinite, but nothing is raised."""
    assert estimate([1e300, 3e300]) == Estimate(2e300, inf, 2)
    assert mean_and_error([1e300, 3e300]) == (2e300, inf)
    assert mean_and_error([1.7e308, 1.7e308])[0] == inf
    assert [total([1e308, 1e308]), total([0.1] * 10), square(1e200), square(-3.0)] == [inf, 1.0, inf, 9.0]
    assert isnan(total([inf, -inf]))
