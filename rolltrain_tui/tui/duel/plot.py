"""Points of a board as dots: one coordinate across, one up, a third as a digit, in ninths of the largest where some have more."""

from collections.abc import Sequence

from rolltrain_tui.modes.duel.table.position import AXES, Points, rough
from rolltrain_tui.tui.drawing.frame import joined
from rolltrain_tui.tui.widgets.panel import Line

GUTTER = 6
"""Cells of the labels of the axis that goes up."""
LEAST = 24, 5
"""Cells and rows from which a plot is worth its place."""
DOT, SEVERAL, GONE = "●", "+", "×"


def title(points: Points, axes: Sequence[int], width: int) -> str:
    """Such as "x →  y ↑  digit: z, 9 is 15", or "digit: z" where the digits are the values; less of it where there is no room."""
    ways = f"{AXES[axes[0]]} →  {AXES[axes[1]]} ↑"
    if len(axes) < 3:
        return ways
    top = _top(points, axes[2])
    digit = f"{ways}  digit: {AXES[axes[2]]}"
    whole = f"{digit}, 9 is {rough(top)}"
    return whole if top > 9 and len(whole) + 3 <= width else digit


def panes(dimension: int, turned: int) -> list[tuple[int, ...]]:
    """The coordinates of the first pane and the second; both are moved on by `turned`. In two dimensions there is one pane."""
    if dimension == 2:
        return [(turned % 2, (turned + 1) % 2)]
    a, b, c = ((turned + i) % dimension for i in range(3))
    return [(a, b, c), (a, c, b)]


def plot_lines(points: Points, gone: Points, axes: Sequence[int], width: int, height: int) -> list[Line]:
    """The picture in this room. `gone`: points that fell with the last move."""
    across, up = max(1, width - GUTTER - 1), max(1, height - 2)
    both = (*points, *gone)
    tops = [_top(both, axis) for axis in axes]
    cells: dict[tuple[int, int], tuple[str, str]] = {}
    for point in gone:
        cells[_place(point, axes, tops, across, up)] = (GONE, "bad")
    for point in points:
        place = _place(point, axes, tops, across, up)
        mark = str(_digit(point[axes[2]], tops[2])) if len(axes) > 2 else DOT
        taken = cells.get(place, (GONE, ""))[0] != GONE
        cells[place] = (SEVERAL if taken else mark, "primary+strong")
    lines: list[Line] = []
    for row in range(up):
        label = rough(tops[1]) if row == 0 else "0" if row == up - 1 else AXES[axes[1]] if row == up // 2 else ""
        dots = [cells.get((column, row), (" ", "")) for column in range(across)]
        lines.append([(f"{label:>{GUTTER - 1}} ", "muted"), ("│", "track"), *joined(dots)])
    lines.append([(" " * GUTTER, ""), ("└" + "─" * across, "track")])
    right = rough(tops[0])
    lines.append([(" " * GUTTER, ""), (f"0{AXES[axes[0]]:^{max(1, across - len(right))}}{right}", "muted")])
    return lines[:height]


def _place(point: Sequence[int], axes: Sequence[int], tops: Sequence[int], across: int, up: int) -> tuple[int, int]:
    """(column, row) of a point."""
    return round(point[axes[0]] / tops[0] * (across - 1)), up - 1 - round(point[axes[1]] / tops[1] * (up - 1))


def _digit(value: int, top: int) -> int:
    """The value itself where all are digits; else its ninths of the largest."""
    return value if top <= 9 else round(9 * value / top)


def _top(points: Points, axis: int) -> int:
    """The largest value of a coordinate, at least 1."""
    return max((point[axis] for point in points), default=0) or 1
