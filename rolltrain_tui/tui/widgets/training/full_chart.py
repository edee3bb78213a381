"""The full chart: one series with a cursor that reads every number of its turn, over the strip of abilities and monsters."""

import math
from collections.abc import Sequence
from typing import Literal

from rolltrain_tui.base.grammar import fixed
from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.story.phrases import plus_minus
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scene.history import History
from rolltrain_tui.tui.drawing.chart_series import Series, series_of, value_at
from rolltrain_tui.tui.drawing.chart_view import ChartView
from rolltrain_tui.tui.drawing.frame import Frame, fitted, turn_axis
from rolltrain_tui.tui.drawing.plot import Plot
from rolltrain_tui.tui.widgets.panel import Line, Span, cut, width_of
from rolltrain_tui.tui.widgets.training.chart import bar_ends, ghost_at, ghost_points, near
from rolltrain_tui.tui.widgets.training.curves import mark_of
from rolltrain_tui.tui.wording.titles import titled

WIDEST = 21
"""Of the gutter: "Divine Intervention" and a space before the axis."""
OTHER_TONES = ("good", "bad", "")
READOUT = 3
"""Lines that it may take."""
Other = tuple[str, History]


def full_chart_lines(scene: Scene, view: ChartView, others: Sequence[Other], width: int, height: int) -> list[Line]:
    """Head, plot, turns, strip, and what the cursor reads."""
    shown = series_of(scene.history, scene.objective)
    series = shown[view.series % len(shown)]
    others = others if view.others else ()
    lanes = _lanes(scene.history, view.span(scene.turn), max(1, height // 6))
    readout = _readout(scene, view, series, others, width)
    rows = max(2, height - 2 - len(lanes) - len(readout))
    left = gutter(width) - 1
    frame = _frame(scene, series, view, others, max(10, width - left - 1), rows)
    if frame is None:
        return [_head(series, view, None, scene, width), [("Nothing was recorded in these turns.", "muted")]]
    plot = _plot(scene, series, view, others, frame)
    labels, cursor = frame.labels(), view.at(scene.turn)
    lines: list[Line] = [_head(series, view, frame, scene, width)]
    for row, spans in enumerate(plot.rows([frame.column(cursor)])):
        lines.append([(f"{labels.get(row, ''):>{left}}", "muted"), ("┤" if row in labels else "│", "track"), *spans])
    lines.append(turn_axis(frame, " " * left + "└", frame.column(cursor)))
    lines += [_lane(name, scene.history, frame, cursor, left) for name in lanes]
    return [*lines, *readout][:height]


def gutter(width: int) -> int:
    """Columns left of the plot of a chart `width` wide, the axis included: numbers, and the names of the lanes."""
    return min(WIDEST, width // 5 + 1)


def turn_under(column: int, span: tuple[int, int], width: int) -> int | None:
    """The turn in a column of the chart, `width` wide; None beside the plot."""
    columns, column = max(10, width - gutter(width)), column - gutter(width)
    if not 0 <= column < columns:
        return None
    return round(Frame(*span, 0.0, 1.0, columns, 1).turn(2 * column + 0.5))


def _head(series: Series, view: ChartView, frame: Frame | None, scene: Scene, width: int) -> Line:
    scale = " · log" if frame is not None and frame.log else ""
    turns = f" · turns {frame.first} to {frame.last}" if frame is not None else ""
    line: list[Span] = [(f" {series.title}{scale}{turns}", "strong")]
    signs: list[Span] = [("━ mean", "primary")] if series.objective and scene.objective.of_loss else []
    batches: list[Span] = [("⣿ batches", "muted")] if signs and not view.others else []
    if series.objective:
        signs.append((f"◆ {'val' if scene.objective.of_loss else 'evaluations'} ± error", "accent"))  # the head has the name
        signs += [("╍ ghost", "cool")] if view.ghost and scene.ghost is not None else []
    signs += batches  # the one to leave out where all do not fit: a cloud of dots is no line to be mistaken
    for text, tone in signs:
        if width_of(line) + len(text) + 3 <= width:
            line += [("   ", ""), (text, tone)]
    return line


def _frame(scene: Scene, series: Series, view: ChartView, others: Sequence[Other], columns: int, rows: int) -> Frame | None:
    first, last = view.span(scene.turn)
    values = [value for turn, value in series.points(scene.history) if first <= turn <= last]
    for _, history in others:
        values += [value for turn, value in series.points(history) if first <= turn <= last]
    if series.objective:
        values += [check.value for check in scene.history.evaluations if first <= check.turn <= last]
        kept = [value for value in values if math.isfinite(value)]
        if kept:
            ghost = [value for _, value in ghost_points(scene, first, last)] if view.ghost else []
            values += near(kept, [*bar_ends(scene, first, last), *ghost])
        if not view.fit and scene.objective.limit is not None:
            values.append(scene.objective.limit)
    log = view.log and (logged := fitted(values, log=True)) is not None
    bounds = logged if log else fitted(values)
    return None if bounds is None else Frame(first, last, *bounds, columns, rows, log)


def _plot(scene: Scene, series: Series, view: ChartView, others: Sequence[Other], frame: Frame) -> Plot:
    plot, history, objective = Plot(frame), scene.history, scene.objective
    limit = objective.limit if series.objective else None
    if limit is not None:
        plot.level(limit, "muted")
    if series.objective and objective.of_loss and not others:  # three more lines are enough to look at
        plot.cloud(((bucket.last, bucket.low, bucket.high) for bucket in scene.losses.since(frame.first)), "faint")
    for place, (_, other) in enumerate(others):
        plot.line(_within(series.points(other), frame), OTHER_TONES[place % len(OTHER_TONES)], end=mark_of(place))
    if series.objective and view.ghost:
        plot.line(ghost_points(scene, frame.first, min(scene.turn, frame.last)), "cool", dashed=True)
    plot.line(_within(series.points(history), frame), "primary")
    if series.objective:
        checks = [check for check in history.evaluations if frame.first <= check.turn <= frame.last]
        plot.marks(((check.turn, check.value, check.standard_error) for check in checks), "accent")
    if limit is not None:
        arrow = "" if frame.holds(limit) else "↓ " if limit < frame.low else "↑ "
        text = f" {arrow}{objective.limit_name} {fixed(limit, objective.digits)} "
        any(plot.write(frame.y(limit) // 4, place, text, "muted", over=("muted", "faint")) for place in (frame.columns - len(text) - 2, 1))
    return plot


def _within(points: list[tuple[float, float]], frame: Frame) -> list[tuple[float, float]]:
    """The points in the frame, and the nearest on either side."""
    inside = [place for place, (turn, _) in enumerate(points) if frame.first <= turn <= frame.last]
    return points[max(0, inside[0] - 1) : inside[-1] + 2] if inside else []


# The strip.


def _lanes(history: History, span: tuple[int, int], most: int) -> list[str]:
    """Who was there in these turns: abilities first, then monsters, the busiest where there are too many."""
    turns: dict[tuple[str, str], int] = {}
    for stay in history.stays:
        end = span[1] if stay.end is None else stay.end
        overlap = min(end, span[1]) - max(stay.start, span[0]) + 1
        if overlap > 0:
            turns[stay.kind, stay.name] = turns.get((stay.kind, stay.name), 0) + overlap
    busiest = sorted(turns, key=lambda lane: -turns[lane])[:most]
    return [name for _, name in sorted(busiest)]


def _lane(name: str, history: History, frame: Frame, cursor: int, left: int) -> Line:
    cells = [" "] * frame.columns
    tone = "warn"
    for stay in history.stays:
        if stay.name == name:
            tone = "warn" if stay.kind == "ability" else "bad"
            end = frame.last if stay.end is None else stay.end
            if stay.start <= frame.last and end >= frame.first:
                first, last = frame.column(stay.start), frame.column(end)
                cells[first : last + 1] = ("█" if stay.kind == "ability" else "▒") * (last - first + 1)
    at, line = frame.column(cursor), "".join(cells)
    return [
        (f"{cut(titled(name), left - 1):>{left - 1}} ", "muted"),
        ("│", "track"),
        (line[:at], tone),
        (line[at], f"{tone}+band"),
        (line[at + 1 :], tone),
    ]


# What the cursor reads.


def _readout(scene: Scene, view: ChartView, series: Series, others: Sequence[Other], width: int) -> list[Line]:
    turn, history, objective = view.at(scene.turn), scene.history, scene.objective
    row, check = history.row_at(turn), history.evaluation_at(turn)
    parts: list[list[Span]] = [[(f"Turn {turn}", "strong")]]
    if not series.objective:
        parts.append([(f"{series.title} ", "primary"), (_number(value_at(series.points(history), turn)), "strong")])
    if row:
        parts.append([("batch ", "muted"), (_number(row["loss"]), "")])
        parts.append([("mean ", "primary"), (_number(row["mean"]), "")])
    if check is not None:
        since = "" if check.turn == turn else f" (turn {check.turn})"
        error = f"{fixed(check.value, objective.digits)}{plus_minus(check.standard_error, objective.digits, ' ±')}{since}"
        parts.append([(f"{objective.short_label} ", "accent"), (error, "")])
    if math.isfinite(ghost := ghost_at(scene, turn)):
        parts.append([("ghost ", "cool"), (fixed(ghost, objective.digits), "")])
    if row:
        parts.append([("k ", "muted"), (_number(row["k"]), "")])
        parts.append([("grad norm ", "muted"), (_number(row["grad_norm"]), "")])
        parts.append([("lr ", "muted"), (_number(row["lr"]), "")])
    kinds: tuple[tuple[Literal["ability", "monster"], str], ...] = (("ability", "warn"), ("monster", "bad"))
    for kind, tone in kinds:
        names = ", ".join(titled(name) for name in history.there_at(turn, kind))
        parts.append([(f"{kind} ", "muted"), (names, tone) if names else ("none", "muted")])
    lines = _flow(parts, width)[:READOUT]
    for place, (name, other) in enumerate(others):
        tone, value = OTHER_TONES[place % len(OTHER_TONES)], value_at(series.points(other), turn)
        lines.append([(f" {mark_of(place)} ", f"{tone}+strong"), (f"{flat(name)}   {_number(value)}", "muted")])
    return lines


def _flow(parts: list[list[Span]], width: int) -> list[Line]:
    """The parts with room between them, on as many lines as they need."""
    lines: list[list[Span]] = [[]]
    for part in parts:
        gap: list[Span] = [("   " if lines[-1] else " ", "")]
        if lines[-1] and width_of(lines[-1]) + width_of([*gap, *part]) > width:
            lines.append([])
            gap = [(" ", "")]
        lines[-1] += [*gap, *part]
    return list(lines)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    return ("−" if value < 0 else "") + (f"{size:.4g}" if size >= 1e-3 or value == 0 else f"{size:.2e}")
