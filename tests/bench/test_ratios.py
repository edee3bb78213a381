"""Ratios of times measured in pairs, and their interval."""

import random

import pytest

from rolltrain_tui.bench.ratios import speed


@pytest.mark.parametrize("pairs", [6, 9, 24, 25, 60])
def test_the_interval_holds_the_true_ratio_95_times_in_100_however_skewed_the_noise_is(pairs: int) -> None:
    chance = random.Random(pairs)

    def holds() -> bool:
        times = [[1 + chance.paretovariate(1.5) for _ in range(pairs)] for _ in range(2)]  # other programs come and go: long tails
        ratio = speed([1.25 * time for time in times[0]], times[1])
        return ratio.low <= 1.25 <= ratio.high

    assert sum(holds() for _ in range(2000)) >= 0.94 * 2000  # 95 in 100 less two standard errors


def test_the_interval_leaves_out_as_many_as_it_may() -> None:
    """The sign test's table: of 24 pairs the seventh smallest and the seventh largest, of 6 the smallest and the largest."""
    times = [float(n) for n in range(1, 25)]
    assert (speed(times, [1.0] * 24).low, speed(times, [1.0] * 24).high) == (7.0, 18.0)
    assert (speed(times[:6], [1.0] * 6).low, speed(times[:6], [1.0] * 6).high) == (1.0, 6.0)


@pytest.mark.parametrize("pairs", [1, 2, 5])
def test_of_few_pairs_the_interval_is_the_whole_range(pairs: int) -> None:
    times = [float(n) for n in range(1, pairs + 1)]
    assert (speed(times, [1.0] * pairs).low, speed(times, [1.0] * pairs).high) == (1.0, pairs)


def test_a_ratio_is_told_with_its_interval() -> None:
    assert str(speed([2.0, 3.0, 4.0], [2.0, 2.0, 2.0])) == "1.500 (1.000 to 2.000)"
