"""Ages, losses and lines that fit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.tui.wording.words import age, fit, loss

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-60, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (86399, "23 h ago"),
        (86400, "yesterday"),
        (2 * 86400, "2 days ago"),
        (59 * 86400, "59 days ago"),
    ],
)
def test_age(seconds: float, words: str) -> None:
    """Ages are told in the largest unit that fits; a clock that went backwards reads as now."""
    assert words == age(NOW - seconds, NOW)


def test_long_ago() -> None:
    """After two months the date is told."""
    assert age(NOW - 400 * 86400, NOW).startswith("2022-")


@pytest.mark.parametrize(("value", "words"), [(2.3149, "2.31"), (None, "–"), (float("nan"), "not finite"), (float("inf"), "not finite")])
def test_loss(value: float | None, words: str) -> None:
    """Losses have fixed digits; a missing one is a dash."""
    assert words == loss(value)


@given(parts=st.lists(st.text("ab", max_size=12), min_size=1, max_size=6), width=st.integers(1, 60))
def test_fit(parts: list[str], width: int) -> None:
    """The line is never longer than its room, whole when there is room for all, and drops only what may be dropped before it is cut."""
    line = fit(parts, range(1, len(parts)), width)
    assert len(line) <= width
    if len(" · ".join(parts)) <= width:
        assert " · ".join(parts) == line
    elif len(parts[0]) <= width:
        assert line.startswith(parts[0])
