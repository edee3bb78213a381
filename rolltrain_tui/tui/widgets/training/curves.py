"""Several curves in one plot: a heavy line each, told apart by colour and by the mark at its end; where two meet, both show."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rolltrain_tui.tui.drawing.braille import Canvas
from rolltrain_tui.tui.drawing.frame import ROWS_PER_LABEL, joined, label_all, ticks
from rolltrain_tui.tui.widgets.panel import Line

GUTTER = 7
TONES = ("primary", "cool", "good", "bad", "warn", "accent", "muted", "")
"""Tones of the curves in order, again from the first after the last."""
MARKS = "ABCDEFGHJKLMNPQR"


@dataclass(frozen=True, slots=True)
class Curve:
    points: Sequence[tuple[float, float]]
    """(x, y) in rising x; y that is not finite leaves a gap."""
    tone: str
    mark: str = ""
    """One character at the end of the line."""


def tone_of(place: int) -> str:
    return TONES[place % len(TONES)]


def mark_of(place: int) -> str:
    return MARKS[place % len(MARKS)]


def curve_lines(
    curves: Sequence[Curve], width: int, height: int, *, last: float | None = None, most: float = math.inf, unit: str = "steps"
) -> list[Line]:
    """The plot with its axes; `last` is the right edge where more is to come. What is above `most` is drawn along the upper edge.

    `unit`: what is counted along the lower edge.
    """
    points = [(x, y) for curve in curves for x, y in curve.points if math.isfinite(y)]
    if not points or width < 20 or height < 4:
        return [[(f"The first {unit} draw the first points.", "muted")]]
    view = _view(points, width - GUTTER, height - 1, last, most)
    cells: dict[tuple[int, int], tuple[str, str]] = {}
    for curve in curves:
        canvas = Canvas(view.columns, view.rows)
        for (x0, y0), (x1, y1) in pairwise(curve.points):
            if math.isfinite(y0) and math.isfinite(y1):
                canvas.line(view.across(x0), view.down(y0), view.across(x1), view.down(y1))
        for row in range(view.rows):
            for column, char in enumerate(canvas.text(row)):
                if char != " ":
                    cells[row, column] = _shared(cells.get((row, column)), char, curve.tone, column)
    taken: set[tuple[int, int]] = set()
    for curve in curves:
        end = next(((x, y) for x, y in reversed(curve.points) if math.isfinite(y)), None)
        if end is not None and curve.mark:
            row, column = round(view.down(end[1])) // 4, min(view.columns - 1, round(view.across(end[0])) // 2)
            while (row, column) in taken and column > 0:
                column -= 1
            taken.add((row, column))
            cells[row, column] = (curve.mark, f"{curve.tone}+strong")
    labels = _labels(view)
    return [*(_row(row, view, labels.get(row, ""), cells) for row in range(view.rows)), _axis(view, unit)]


def _shared(below: tuple[str, str] | None, char: str, tone: str, column: int) -> tuple[str, str]:
    """A cell of one curve; where two meet it holds the dots of both, and their colours take turns from column to column."""
    if below is None:
        return char, tone
    return chr(ord(char) | ord(below[0])), tone if column % 2 else below[1]


@dataclass(frozen=True, slots=True)
class View:
    """What the plot shows, on how many cells."""

    left: float
    right: float
    low: float
    high: float
    columns: int
    rows: int

    def across(self, x: float) -> float:
        """Dot column."""
        return (x - self.left) / max(1e-9, self.right - self.left) * (2 * self.columns - 1)

    def down(self, y: float) -> float:
        """Dot row, kept inside the plot."""
        return (1 - (min(self.high, max(self.low, y)) - self.low) / (self.high - self.low)) * (4 * self.rows - 1)


def _view(points: Sequence[tuple[float, float]], columns: int, rows: int, last: float | None, most: float) -> View:
    left = min(x for x, _ in points)
    right = max([x for x, _ in points] + ([last] if last is not None else []))
    low = min(min(y for _, y in points), most)
    high = min(most, _ceiling([y for _, y in points]))
    pad = max(1e-3, abs(high) * 1e-6, (high - low) * 0.04)
    return View(left, right, low - pad, high + pad, columns, rows)


def _ceiling(values: Sequence[float]) -> float:
    """The highest value that is not a burst: curves above it are drawn along the edge."""
    ordered = sorted(values)
    middle = ordered[len(ordered) // 2]
    return min(ordered[-1], max(3 * middle, middle + 2.0))


def _labels(view: View) -> dict[int, str]:
    """Row -> a round value that lies in it; at least one."""
    most = max(1.0, view.rows / ROWS_PER_LABEL)
    values = ticks(view.low, view.high, most) or ticks(view.low, view.high, 3 * most)
    return {round(view.down(value)) // 4: text for value, text in zip(values, label_all(values), strict=True)}


def _row(row: int, view: View, label: str, cells: dict[tuple[int, int], tuple[str, str]]) -> Line:
    dots = [cells.get((row, column), (" ", "")) for column in range(view.columns)]
    return [(f"{label:>6}", "muted"), ("┤" if label else "│", "track"), *joined(dots)]


def _axis(view: View, unit: str) -> Line:
    first, last = f"{view.left:.0f}", f"{view.right:.0f} {unit}"
    return [("      └", "track"), ((first + "─" * (view.columns - len(first) - len(last)) + last)[: view.columns], "muted")]


def thinned(values: Sequence[float], most: int) -> list[tuple[float, float]]:
    """At most `most` points of a long series: the mean of each stretch at its middle."""
    stride = max(1, math.ceil(len(values) / most))
    parts = [values[i : i + stride] for i in range(0, len(values), stride)]
    return [(1 + i * stride + (len(part) - 1) / 2, sum(part) / len(part)) for i, part in enumerate(parts)]
