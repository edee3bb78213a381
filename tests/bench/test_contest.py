"""What a key waits for, apart from what the game costs: the end of the turn."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.bench.contest import wait_quantile


def test_a_key_waits_for_95_in_100_of_a_turn_where_all_take_as_long() -> None:
    assert wait_quantile([40.0] * 7, 0.95) == pytest.approx(38.0)


@given(st.lists(st.integers(1, 100), min_size=1, max_size=20), st.sampled_from([0.5, 0.9, 0.95]))
def test_the_wait_is_that_of_moments_spread_evenly_over_the_turns(turns: list[int], share: float) -> None:
    """Beside a count of moments a hundredth of the unit apart."""
    ends, waits, turn = list(accumulate(turns)), [], 0
    for moment in range(100 * ends[-1]):
        at = (moment + 0.5) / 100
        turn += at >= ends[turn]
        waits.append(ends[turn] - at)
    assert wait_quantile([float(t) for t in turns], share) == pytest.approx(sorted(waits)[int(share * len(waits))], abs=0.02)
