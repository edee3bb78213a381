"""The loss chart: batches faint, their mean a heavy line, validation as diamonds with error bars, the ghost dashed, abilities as bands."""

import math
from collections.abc import Iterable, Sequence

from rolltrain_tui.base.grammar import fixed
from rolltrain_tui.rules.health.gate import ghost_value
from rolltrain_tui.story.phrases import plus_minus
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.drawing.frame import Frame, fitted, turn_axis
from rolltrain_tui.tui.drawing.plot import Plot
from rolltrain_tui.tui.widgets.panel import Line, ScenePanel, Span, width_of
from rolltrain_tui.tui.wording.figures import trend
from rolltrain_tui.tui.wording.titles import titled

WINDOWS: tuple[int | None, ...] = (None, 500, 100)
"""How many turns back the chart looks; None: all of them."""
GUTTER = 6
LIMIT_SHARE = 0.5
"""The limit is in the frame of the whole run where it lies no further from the data than this part of their range."""


class LossChart(ScenePanel):
    """Redrawn a few times a second at most: the screen sees to that."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.window: int | None = None

    def zoom(self) -> None:
        self.window = WINDOWS[(WINDOWS.index(self.window) + 1) % len(WINDOWS)]

    def show_scene(self, scene: Scene) -> None:
        objective = scene.objective
        what, unit = ("Loss" if objective.of_loss else objective.title), f" ({objective.unit})" if objective.unit else ""
        name = f"{what}{unit}"
        self.name_box(name if self.window is None else f"{name} · last {self.window} turns")
        self.show(chart_lines(scene, self.content_size.width, self.content_size.height, self.window))


def frame_of(scene: Scene, columns: int, rows: int, window: int | None) -> Frame | None:
    """Fitted to the running mean and the evaluations; single batches beyond them are cut. None: nothing to show yet.

    Ghost, error bars and limit are in the frame where they are near. Where the objective is no loss, evaluations alone are drawn: the
    training loss would need an axis of its own.
    """
    first = 0 if window is None else max(0, scene.turn - window)
    means = [bucket.ema for bucket in scene.losses.since(first)] if scene.objective.of_loss else []
    values = means + [value for turn, value in scene.history.validations if turn >= first and math.isfinite(value)]
    if not values:
        return None
    low, high, span = _reach(values)
    values += near(values, [*bar_ends(scene, first, scene.turn), *(value for _, value in ghost_points(scene, first, scene.turn))])
    limit = scene.objective.limit
    if limit is not None and window is None and min(abs(limit - low), abs(limit - high)) <= LIMIT_SHARE * span:
        values.append(limit)
    bounds = fitted(values)
    assert bounds is not None
    return Frame(first, max(first + 10, scene.turn), *bounds, columns, rows)


def _reach(values: Sequence[float]) -> tuple[float, float, float]:
    """Lowest, highest, and how far beyond them is near."""
    low, high = min(values), max(values)
    return low, high, max(high - low, 0.25 * abs(high), 0.02)


def near(values: Sequence[float], others: Iterable[float]) -> list[float]:
    """The others that do not flatten these finite values, of which there is one at least."""
    low, high, span = _reach(values)
    return [value for value in others if low - span < value < high + span]


def bar_ends(scene: Scene, first: int, last: int) -> list[float]:
    """Where the error bars of the evaluations from one turn to another begin and end."""
    checks = [check for check in scene.history.evaluations if first <= check.turn <= last]
    return [check.value + side * check.standard_error for check in checks for side in (-1, 1)]


def ghost_at(scene: Scene, turn: float) -> float:
    """The ghost's value at a turn; not a number without a ghost, infinite where its training had burst."""
    return math.nan if scene.ghost is None else ghost_value(scene.ghost.points, turn, scene.objective.worst)


def ghost_points(scene: Scene, first: int, last: int) -> list[tuple[int, float]]:
    """Plain training from one turn to another: at both, and at its own evaluations between them. Bursts are left out."""
    if scene.ghost is None:
        return []
    last = min(last, scene.ghost.points[-1].turn)
    between = [point.turn for point in scene.ghost.points if first < point.turn < last]
    return [(turn, value) for turn in (first, *between, last) if turn <= last and math.isfinite(value := ghost_at(scene, turn))]


def chart_lines(scene: Scene, width: int, height: int, window: int | None = None) -> list[Line]:
    if width < 20 or height < 2:
        return [readout(scene, width)][:height]
    axis, numbers = height >= 5, height >= 9
    rows = height - 1 - axis - numbers
    frame = frame_of(scene, width - GUTTER, rows, window)
    if frame is None:
        return [[("The first turn draws the first point.", "muted")]]
    plot = _plot(scene, frame)
    labels = frame.labels()
    lines: list[Line] = [readout(scene, width)]
    lines += [[(f"{labels.get(row, ''):>5}", "muted"), ("┤" if row in labels else "│", "track"), *plot[row]] for row in range(rows)]
    if axis:
        lines.append(turn_axis(frame))
    if numbers:
        lines.append(instruments(scene, width))
    return lines


def readout(scene: Scene, width: int) -> Line:
    """The losses in numbers behind the signs of their curves, as many as fit; the ghost before the best."""
    parts: list[Line] = []
    step, check, objective = scene.step, scene.evaluation, scene.objective
    if step is not None and objective.of_loss:
        parts.append([("⣿ batch ", "muted"), (fixed(step.loss), "")])
        parts.append([("  ━ mean ", "primary"), (f"{fixed(step.loss_ema)} ", "strong"), trend(_slope(scene))])
    elif step is not None:
        parts.append([("training loss ", "muted"), (fixed(step.loss), "")])
    if check is not None:
        value = f"{fixed(check.value)}{plus_minus(check.standard_error, sign=' ±')}"
        parts.append([(f"  ◆ {objective.short_label} ", "accent"), (value, "strong")])
        if math.isfinite(ghost := ghost_at(scene, scene.turn)):
            parts.append([("  ╍ ghost ", "cool"), (fixed(ghost), "")])
        parts.append([("  best ", "muted"), (fixed(check.best), "")])
    line: list[Span] = []
    for part in parts:
        if width_of(line) + width_of(part) <= width:
            line += part
    return line


def _slope(scene: Scene) -> float:
    """How the mean moved over the last twenty turns."""
    recent = scene.losses.recent
    return recent[-1].ema - recent[-21].ema if len(recent) > 20 else math.nan


def instruments(scene: Scene, width: int) -> Line:
    """What a practitioner looks for next to the loss."""
    step = scene.step
    if step is None:
        return []
    left: list[Span] = [("lr ", "muted"), (f"{step.lr:.2e}", ""), ("  grad norm ", "muted"), (f"{step.grad_norm:7.3f}", "")]
    length = "     –" if step.applied_norm is None else f"{step.applied_norm:.4f}"
    for label, text in (("  update norm ", length), ("  tokens/turn ", str(step.tokens))):
        if width_of(left) + len(label) + len(text) <= width:
            left += [(label, "muted"), (text, "")]
    return left


def _plot(scene: Scene, frame: Frame) -> list[list[tuple[str, str]]]:
    plot, objective = Plot(frame), scene.objective
    if objective.limit is not None:
        plot.level(objective.limit, "muted")
    buckets = list(scene.losses.since(frame.first)) if objective.of_loss else []
    plot.cloud(((bucket.last, bucket.low, bucket.high) for bucket in buckets), "faint")
    ghost = ghost_points(scene, frame.first, min(scene.turn, frame.last))
    plot.line(ghost, "cool", dashed=True)
    plot.line([(bucket.last, bucket.ema) for bucket in buckets], "primary")
    checks = [check for check in scene.history.evaluations if check.turn >= frame.first]
    if not objective.of_loss:
        plot.line([(check.turn, check.value) for check in checks], "primary")
    plot.marks(((check.turn, check.value, check.standard_error) for check in checks), "accent")
    bands = _bands(scene, frame)
    _write_limit(plot, scene)
    _write_ghost(plot, ghost)
    _write_abilities(plot, bands)
    return plot.rows(bands)


def _arrow(value: float, frame: Frame) -> str:
    """Where a value lies that is out of sight; "" where it is not."""
    return "" if frame.holds(value) else "↓ " if value < frame.low else "↑ "


def _write_limit(plot: Plot, scene: Scene) -> None:
    """The limit's value on its line; an arrow to it where it is out of sight."""
    limit, frame = scene.objective.limit, plot.frame
    if limit is None:
        return
    text = f" {_arrow(limit, frame)}{scene.objective.limit_name} {fixed(limit, 2)} "
    row = frame.y(limit) // 4
    for column in (frame.columns - len(text) - 2, 1):
        if plot.write(row, column, text, "muted", over=("muted", "faint", "")):
            return


def _write_ghost(plot: Plot, ghost: list[tuple[int, float]]) -> None:
    """Its name with its newest value, close to the end of its line; an arrow where its line has left the chart."""
    shown = [(turn, value) for turn, value in ghost if plot.frame.holds(value)]
    if not shown:
        return
    (turn, value), newest = shown[-1], ghost[-1][1]
    text = f"{_arrow(newest, plot.frame)}ghost {fixed(newest, 2)}"
    row, column = plot.frame.y(value) // 4, plot.frame.column(turn)
    for place in (row + 1, row - 1, row + 2, row - 2):
        if plot.write(place, max(0, column + 1 - len(text)), text, "cool", over=("faint", "")):
            return


def _bands(scene: Scene, frame: Frame) -> dict[int, str]:
    """Plot columns in which an ability was in force -> its name; passing triggers of a turn or two are left out."""
    bands: dict[int, str] = {}
    for span in scene.spans:
        end = scene.turn if span.end is None else span.end
        if end >= frame.first and (end - span.start >= 3 or span.end is None):
            first = frame.x(max(frame.first, span.start)) // 2
            bands.update(dict.fromkeys(range(first, min(frame.columns - 1, frame.x(end) // 2) + 1), span.ability))
    return bands


def _write_abilities(plot: Plot, bands: dict[int, str]) -> None:
    """Their names over their bands, where there is room."""
    taken = -1
    for column, ability in sorted(bands.items()):
        if bands.get(column - 1) != ability and column > taken:
            title = titled(ability)
            place = min(column, plot.frame.columns - len(title))
            any(plot.write(row, place, title, "warn", over=("faint", "")) for row in range(plot.frame.rows - 1))
            taken = column + len(title)
