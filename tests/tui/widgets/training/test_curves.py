"""Curves as lines of characters."""

import math
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st
from support.lists import of_any_length

from rolltrain_tui.tui.widgets.panel import width_of
from rolltrain_tui.tui.widgets.training.curves import Curve, curve_lines, thinned

POINTS = st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=60)


@given(series=st.lists(POINTS, max_size=4), width=st.integers(1, 120), height=st.integers(1, 40))
def test_never_outgrows_its_room(series: list[list[float]], width: int, height: int) -> None:
    """Whatever the losses, burst or not numbers at all, the plot has its size."""
    curves = [Curve(list(enumerate(values)), "primary", "A") for values in series]
    lines = curve_lines(curves, width, height)
    assert len(lines) <= max(1, height)
    if len(lines) > 1:
        assert all(width_of(line) <= width for line in lines)


@given(values=of_any_length(lambda dice: dice.uniform(-1e6, 1e6), 500), most=st.integers(1, 100))
def test_thinned(values: list[float], most: int) -> None:
    """No more points than asked for, from the first step to the last, with the mean of all kept."""
    points = thinned(values, most)
    assert len(points) <= most
    assert 1 <= points[0][0] <= points[-1][0] <= len(values)
    assert math.isclose(sum(y for _, y in points) / len(points), sum(values) / len(values), abs_tol=1e-6) or len(values) % len(points)


def test_where_two_curves_meet_both_show() -> None:
    """The same values: both colours along the line, and a mark for each."""
    points = [(float(x), 1.0 + x / 50) for x in range(100)]
    lines = curve_lines([Curve(points, "primary", "A"), Curve(points, "cool", "B")], 80, 12)
    tones = [span[1] for line in lines for span in line if any("\u2800" < char <= "\u28ff" for char in span[0])]
    assert abs(tones.count("primary") - tones.count("cool")) <= 12
    assert min(tones.count("primary"), tones.count("cool")) >= 20
    assert {"A", "B"} <= set("".join(span[0] for line in lines for span in line))


@example(low=0.5797, span=4.2086, height=6)
@given(low=st.floats(0, 9), span=st.floats(0.1, 90), height=st.integers(6, 30))
def test_the_values_at_the_side_are_round_and_evenly_apart(low: float, span: float, height: int) -> None:
    """One step of 1, 2 or 5 times a power of ten between them, and each in the row of its height."""
    lines = curve_lines([Curve([(0.0, low), (50.0, low + span)], "primary")], 80, height)[:-1]
    found = [(row, float(line[0][0])) for row, line in enumerate(lines) if line[0][0].strip()]
    assert found
    steps = [upper - lower for (_, upper), (_, lower) in pairwise(found)]
    assert all(math.isclose(step, steps[0], rel_tol=0.02) for step in steps)
    assert all(f"{step:.0e}"[0] in "125" for step in steps)
    for row, value in found:
        height_of = len(lines) * (1 - (value - low) / span)
        assert abs(row + 0.5 - height_of) <= 1 + 0.06 * len(lines)
