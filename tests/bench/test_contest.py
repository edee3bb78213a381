"""The contest: what a key waits for apart from what the game costs, which is the end of the turn; and fair blocks."""

import contextlib
from itertools import accumulate
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.bench import contest
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


class Drifting:
    """A contestant on a machine that gets slower by one part in a hundred with each block that anybody plays."""

    blocks = 0
    facts: ClassVar[dict[str, Any]] = {"dtype": "float32", "threads": 1, "tokens": 1, "gflop": 1.0}

    def block(self, turns: int) -> float:
        Drifting.blocks += 1
        return 10.0 * 1.01**Drifting.blocks


def test_a_machine_that_slows_down_favours_no_contestant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contest, "contestants", lambda campaign, overrides: contextlib.nullcontext([Drifting() for _ in range(3)]))
    monkeypatch.setattr(contest, "first_frame", lambda tries: 0.0)
    monkeypatch.setattr(contest, "latencies", lambda tui, presses, per_turn: ([(1.0, 1.0)], [1.0]))
    monkeypatch.setattr(contest, "best_matmul_gflops", lambda dtype, threads: 1.0)
    result = contest.run(Path("x.yaml"), blocks=12, turns=1)
    assert result.headless_over_bare.median == pytest.approx(1.0, abs=0.001)
    assert result.tui_over_headless.median == pytest.approx(1.0, abs=0.001)
    assert f"{result.tui_over_headless} x headless" in contest.table(result)
