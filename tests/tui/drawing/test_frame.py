"""The frame of a chart: what it shows, and how its axis is labelled."""

import math

from hypothesis import example, given
from hypothesis import strategies as st

from rolltrain_tui.tui.drawing.frame import LABEL, Frame, fitted, label_all, ticks, turn_axis
from rolltrain_tui.tui.drawing.plot import Plot
from rolltrain_tui.tui.widgets.panel import width_of

finite = st.floats(-1e9, 1e9)
positive = st.floats(1e-9, 1e9)
anything = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(anything, max_size=30), st.booleans())
def test_a_fitted_frame_holds_every_finite_value_and_little_more(values: list[float], log: bool) -> None:
    kept = [value for value in values if math.isfinite(value) and abs(value) < 1e200 and (value > 1e-200 or not log)]
    bounds = fitted(kept, log=log)
    if not kept:
        assert bounds is None
        return
    assert bounds is not None
    assert bounds[0] < min(kept) <= max(kept) < bounds[1]


@given(st.lists(positive, min_size=1, max_size=30), st.booleans(), st.integers(2, 60), st.integers(1, 100))
def test_higher_values_stand_higher_and_labels_fit_their_gutter(values: list[float], log: bool, rows: int, columns: int) -> None:
    bounds = fitted(values, log=log)
    assert bounds is not None
    frame = Frame(1, 50, *bounds, columns, rows, log)
    places = [frame.y(value) for value in sorted(values)]
    assert places == sorted(places, reverse=True)
    assert all(0 <= place < 4 * rows for place in places)
    labels = frame.labels()
    assert len(labels) <= rows
    assert all(len(text) <= LABEL + 1 for text in labels.values())
    assert all(0 <= row < rows for row in labels)


@given(st.lists(anything, min_size=1, max_size=6), st.booleans())
@example([-1.7e308, 1.7e308], False)
def test_any_number_has_a_place(values: list[float], log: bool) -> None:
    """Where a training diverges in float64, the span of its losses is more than the largest number."""
    if (bounds := fitted(values, log=log)) is not None:
        frame = Frame(1, 50, *bounds, 40, 12, log)
        assert all(0 <= frame.y(value) < 48 for value in values if math.isfinite(value) and (value > 0 or not log))
        assert all(0 <= row < 12 for row in frame.labels())


@given(finite, finite, st.integers(1, 12))
def test_ticks_are_round_and_not_too_many(a: float, b: float, most: int) -> None:
    low, high = sorted((a, b))
    found = ticks(low, high, most)
    assert len(found) <= most + 1
    assert found == sorted(found)


def test_labels_of_one_axis_have_the_same_decimals() -> None:
    assert ["1.90", "1.95", "2.00"] == label_all([1.9, 1.95, 2.0])
    assert ["1", "10", "100"] == label_all([1.0, 10.0, 100.0])


def test_a_log_axis_spreads_small_values() -> None:
    """A tenth lies half-way between one and a hundredth."""
    frame = Frame(0, 10, 0.01, 1.0, 10, 10, log=True)
    assert abs(frame.y(0.1) - 20) <= 1
    assert [0.01, 0.1, 1.0] == [value for value in ticks(0.01, 1.0, 4, log=True) if value in (0.01, 0.1, 1.0)]


@given(st.lists(st.tuples(st.floats(-20, 120), anything), max_size=40), st.integers(2, 40), st.integers(1, 20), st.booleans())
def test_whatever_is_drawn_the_plot_keeps_its_size(points: list[tuple[float, float]], columns: int, rows: int, dashed: bool) -> None:
    frame = Frame(0, 100, -1.0, 1.0, columns, rows)
    plot = Plot(frame)
    points.sort()
    plot.level(0.5, "muted")
    plot.line(points, "primary", dashed=dashed, end="A")
    plot.cloud([(turn, value, value + 1) for turn, value in points if math.isfinite(value)], "faint")
    plot.marks([(turn, value, 0.3) for turn, value in points], "accent")
    plot.write(0, 0, "words", "warn")
    drawn = plot.rows()
    assert rows == len(drawn)
    assert {columns} == {width_of(line) for line in drawn}
    assert width_of(turn_axis(frame)) == columns + 6


def test_letters_at_the_ends_of_lines_are_never_hidden() -> None:
    """Neither by one another nor by what is drawn later."""
    plot = Plot(Frame(0, 100, 0.0, 1.0, 40, 10))
    points = [(float(turn), 0.5) for turn in range(101)]
    for letter in "ABC":
        plot.line(points, "good", end=letter)
    plot.line(points, "primary")
    plot.marks([(100.0, 0.5, 0.2)], "accent")
    assert {"A", "B", "C"} <= set("".join(text for row in plot.rows() for text, _ in row))
