"""The points of a board as a table, the coordinates that are named, and what the keys do now."""

from collections.abc import Collection, Sequence

from rolltrain_tui.modes.duel.table import words
from rolltrain_tui.modes.duel.table.position import AXES, Fall, Points, figure, most_of, names
from rolltrain_tui.modes.duel.table.sitting import Sitting
from rolltrain_tui.tui.widgets.panel import Line, Span

CELL = 6
"""Cells of a coordinate; its sign and a space among them."""
SHARE = 7
MARK = 2


def table_width(dimension: int, *, shares: bool) -> int:
    """Cells of the table."""
    return MARK + dimension * CELL + (2 + dimension * SHARE if shares else 0)


def table_lines(
    points: Points, falls: Sequence[Fall], named: Collection[int], height: int, top: int, *, shares: bool, as_shares: bool = False
) -> list[Line]:
    """Header and rows from row `top` on. Fallen points stand below the living, struck through. `shares`: both kinds of figures."""
    dimension = len((points or [fall.point for fall in falls] or [()])[0])
    most = most_of(tuple(points) + tuple(fall.point for fall in falls))
    head: list[Span] = [(" " * MARK, "")]
    for axis in range(dimension):
        text = f"[{AXES[axis]}]" if axis in named else f"{AXES[axis]} "
        head.append((f"{text:>{CELL}}", "accent" if axis in named else "muted"))
    if shares:
        head.append(("  ", ""))
        head += [(f"{AXES[axis]:>{SHARE}}", "muted") for axis in range(dimension)]
    rows: list[Line] = [_row(point, most, named, shares, as_shares, "") for point in points]
    rows += [_row(fall.point, most, (), shares, as_shares, "struck") for fall in falls]
    room = max(1, height - 1)
    if len(rows) <= room:
        return [head, *rows]
    top = min(top, len(rows) - room + 1)
    left = len(rows) - top - (room - 1)
    shown = rows[top : top + room - 1]
    ways = ["▲ PgUp"] if top else []
    more = "  " + " ".join([*ways, f"▼ {left} more: PgDn"] if left > 0 else ways)
    return [head, *shown, [(more, "muted")]]


def _row(point: Sequence[int], most: int, named: Collection[int], shares: bool, as_shares: bool, tone: str) -> Line:
    mark = ("✖ ", "bad") if tone else (" " * MARK, "")
    largest = most or 1
    cells: list[Span] = [mark]
    for axis, value in enumerate(point):
        text = f"{value / largest:.3f}" if as_shares else figure(value, most)[:CELL]
        cells.append((" " * (CELL - 1 - len(text[: CELL - 1])), ""))
        cells.append((text[: CELL - 1], tone or ("strong" if axis in named else "")))
        cells.append((" ", ""))
    if shares:
        cells.append(("  ", ""))
        cells += [(f"{value / largest:>{SHARE}.3f}", "off" if tone else "muted") for value in point]
    return cells


def prompt_lines(sitting: Sitting, picked: Collection[int]) -> list[Line]:
    """The coordinates with their keys, and what to press now."""
    position, dimension = sitting.position, sitting.position.rules.dimension
    if position.stopped:
        words_now = "Enter: a new series." if sitting.decided else "Enter: the next game."
        return [[("✔ " if sitting.results else "", "good"), (words_now, "accent")], []]
    boxes: list[Span] = []
    for axis in range(dimension):
        if sitting.role == "host":
            on, mark = ("accent", "✔") if axis in picked else ("muted", "·")
            boxes += [(f" {axis + 1} ", "key", f"screen.pick({axis})"), (f"{AXES[axis]} {mark} ", on)]
        else:
            open_ = axis in sitting.named
            boxes += [(f" {axis + 1} ", "key" if open_ else "off", f"screen.pick({axis})"), (f"{AXES[axis]}  ", "" if open_ else "off")]
    return [boxes, [(_now(sitting, picked), "")]]


def _now(sitting: Sitting, picked: Collection[int]) -> str:
    dimension = sitting.position.rules.dimension
    if sitting.role == "agent":
        return f"The host names {names(sitting.named)}: press {words.either(sitting.named)}. You want the game to last."
    chosen = sorted(picked)
    if len(chosen) < 2:
        more = "one more" if chosen else "two or more"
        keys = "1 and 2" if dimension == 2 else f"1 to {dimension}"
        return f"Name {more}: press {keys}. You want one point left, soon."
    return f"Enter: you name {names(chosen)}, and the agent takes one of them."
