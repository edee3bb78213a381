"""The loss chart: every batch faint, their running mean bold, validation as diamonds, ghost and floor dotted, abilities as bands."""

import math
from dataclasses import dataclass

from rolltrain_tui.rules.gate import ghost_value
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.braille import Canvas
from rolltrain_tui.tui.figures import trend
from rolltrain_tui.tui.titles import titled
from rolltrain_tui.tui.widgets.panel import Line, ScenePanel, Span, justify, width_of

WINDOWS: tuple[int | None, ...] = (None, 500, 100)
"""How many turns back the chart looks; None: all of them."""
GUTTER = 6
Marks = set[tuple[int, int]]
"""(row, column) of cells in the plot."""
GHOST = "∘"
"""Its line is a row of these, with gaps between them."""


class LossChart(ScenePanel):
    """Redrawn a few times a second at most: the screen sees to that."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.window: int | None = None

    def zoom(self) -> None:
        self.window = WINDOWS[(WINDOWS.index(self.window) + 1) % len(WINDOWS)]

    def show_scene(self, scene: Scene) -> None:
        objective = scene.objective
        what, unit = ("Loss" if objective.of_loss else objective.name), f" ({objective.unit})" if objective.unit else ""
        name = f"{what}{unit}"
        self.name_box(name if self.window is None else f"{name} · last {self.window} turns")
        self.show(chart_lines(scene, self.content_size.width, self.content_size.height, self.window))


@dataclass(frozen=True, slots=True)
class Frame:
    """Which turns and losses the plot shows, on how many cells."""

    first: int
    last: int
    low: float
    high: float
    columns: int
    rows: int

    def x(self, turn: float) -> int:
        """Dot column of a turn."""
        return round((turn - self.first) / max(1, self.last - self.first) * (2 * self.columns - 1))

    def y(self, loss: float) -> int:
        """Dot row of a loss, kept inside the plot."""
        share = (min(self.high, max(self.low, loss)) - self.low) / (self.high - self.low)
        return round((1 - share) * (4 * self.rows - 1))


def frame_of(scene: Scene, columns: int, rows: int, window: int | None) -> Frame | None:
    """From the floor (or the lowest loss) to the highest mean; single batches above it are cut. None: nothing to show yet.

    Where the objective is no loss, evaluations alone are drawn: the training loss would need an axis of its own.
    """
    first = 0 if window is None else max(0, scene.turn - window)
    buckets = scene.losses.since(first) if scene.objective.of_loss else []
    means = [bucket.ema for bucket in buckets]
    lows = [bucket.low for bucket in buckets]
    checks = [value for turn, value in scene.validations if turn >= first and math.isfinite(value)]
    limit = [scene.objective.limit] if scene.objective.limit is not None else []
    if not means and not checks:
        return None
    high, low = max(means + checks), min(lows + checks)
    high, low = max([high, *limit]) if scene.objective.better == "higher" else high, min([low, *limit])
    ghost = [value for value in _ghost_values(scene, first) if low - (high - low) < value < high + (high - low)]
    high, low = max([high, *ghost]), min([low, *ghost])
    pad = max(0.02, (high - low) * 0.04)
    return Frame(first, max(first + 10, scene.turn), low - pad, high + pad, columns, rows)


def ghost_at(scene: Scene, turn: float) -> float:
    """The ghost's value at a turn; not a number without a ghost, infinite where its training had burst."""
    return math.nan if scene.ghost is None else ghost_value(scene.ghost.points, turn, scene.objective.worst)


def _ghost_values(scene: Scene, first: int) -> list[float]:
    """At `first`, at the present turn and at every evaluation between them."""
    between = [] if scene.ghost is None else [point.turn for point in scene.ghost.points if first < point.turn < scene.turn]
    return [loss for turn in (first, *between, scene.turn) if math.isfinite(loss := ghost_at(scene, turn))]


def chart_lines(scene: Scene, width: int, height: int, window: int | None = None) -> list[Line]:
    if width < 20 or height < 2:
        return [readout(scene, width)][:height]
    axis, numbers = height >= 5, height >= 9
    rows = height - 1 - axis - numbers
    frame = frame_of(scene, width - GUTTER, rows, window)
    if frame is None:
        return [[("The first turn draws the first point.", "muted")]]
    plot = _plot(scene, frame)
    labels = _labels(frame)
    lines: list[Line] = [readout(scene, width)]
    lines += [[(f"{labels.get(row, ''):>5}", "muted"), ("┤" if row in labels else "│", "track"), *plot[row]] for row in range(rows)]
    if axis:
        lines.append(_axis(frame))
    if numbers:
        lines.append(instruments(scene, width))
    return lines


def readout(scene: Scene, width: int) -> Line:
    """The losses in numbers, as many as fit."""
    spans: list[Line] = []
    if scene.step is not None:
        batch = "batch " if scene.objective.of_loss else "training loss "
        spans.append([(batch, "muted"), (f"{scene.step.loss:.3f}", "")])
        spans.append([("  mean ", "primary"), (f"{scene.step.loss_ema:.3f} ", "strong"), trend(_slope(scene))])
    if (check := scene.evaluation) is not None:
        spans.append([(f"  ◆ {scene.objective.short_label} ", "accent"), (f"{check.value:.3f} ±{check.standard_error:.3f}", "strong")])
        spans.append([("  best ", "muted"), (f"{check.best:.3f}", "")])
    line: list[Span] = []
    for part in spans:
        if width_of(line) + width_of(part) <= width:
            line += part
    return line


def _slope(scene: Scene) -> float:
    """How the mean moved over the last twenty turns or so."""
    buckets = scene.losses.buckets
    back = max(1, 20 // scene.losses.stride)
    return buckets[-1].ema - buckets[-1 - back].ema if len(buckets) > back else math.nan


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
    curves: Line = [("━ mean of 20 ", "primary"), ("⣿ batches ", "faint")] if scene.objective.of_loss else []
    legend: Line = [*curves, (f"◆ {scene.objective.label}", "accent")]
    ghost: Line = [(f" {GHOST} ghost", "muted")] if scene.ghost is not None else []
    for right in ([*legend, *ghost], legend):
        if width_of(left) + width_of(right) + 2 <= width:
            return justify(left, right, width)
    return left


def _labels(frame: Frame) -> dict[int, str]:
    """Round losses for about every third row: plot row -> label."""
    span = frame.high - frame.low
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, math.inf) if span / s <= max(1, frame.rows / 2.5))
    if math.isinf(step):
        return {}
    labels: dict[int, str] = {}
    for i in range(math.ceil(frame.low / step), math.floor(frame.high / step) + 1):
        labels.setdefault(frame.y(i * step) // 4, f"{i * step:.{2 if step < 0.1 else 1}f}")
    return labels


def _axis(frame: Frame) -> Line:
    """The turns along the lower edge, written into the line."""
    cells = list("─" * frame.columns)
    taken = -2
    for i in range(5):
        turn = frame.first + (frame.last - frame.first) * i // 4
        text = str(turn)
        start = min(frame.columns - len(text), max(0, frame.x(turn) // 2 - (len(text) // 2 if i else 0)))
        if start > taken + 1:
            cells[start : start + len(text)] = text
            taken = start + len(text)
    return [
        ("     └", "track"),
        *(("".join(part), tone) for part, tone in _runs([(cell, "track" if cell == "─" else "muted") for cell in cells])),
    ]


def _runs(cells: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Neighbours of one tone, joined."""
    runs: list[tuple[str, str]] = []
    for text, tone in cells:
        if runs and runs[-1][1] == tone:
            runs[-1] = (runs[-1][0] + text, tone)
        else:
            runs.append((text, tone))
    return runs


def _plot(scene: Scene, frame: Frame) -> list[Line]:
    batches, mean = _curves(scene, frame)
    checks = {(frame.y(loss) // 4, frame.x(turn) // 2) for turn, loss in scene.validations if turn >= frame.first and math.isfinite(loss)}
    bands = _bands(scene, frame)
    ghost = _ghost(scene, frame)
    notes = _notes(scene, frame, mean, bands, ghost)
    limit = scene.objective.limit
    limit_row = None if limit is None else frame.y(limit) // 4
    lines: list[Line] = []
    for row in range(frame.rows):
        curve, cloud = mean.text(row), batches.text(row)
        cells: list[tuple[str, str]] = []
        for column in range(frame.columns):
            if (row, column) in notes:
                cell = notes[row, column]
            elif (row, column) in checks:
                cell = ("◆", "accent")
            elif curve[column] != " ":
                cell = (curve[column], "primary")
            elif (row, column) in ghost:
                cell = (GHOST, "muted")
            elif cloud[column] != " ":
                cell = (cloud[column], "faint")
            else:
                cell = ("┄", "cool") if row == limit_row else (" ", "")
            cells.append((cell[0], f"{cell[1]}+band") if column in bands else cell)
        lines.append(_runs(cells))
    return lines


def _ghost(scene: Scene, frame: Frame) -> Marks:
    """Where plain training was by now: a mark in every other column, left out where it is above the plot."""
    if scene.ghost is None:
        return set()
    last, marks = min(scene.turn, scene.ghost.points[-1].turn), set()
    for column in range(0, frame.columns, 2):
        turn = frame.first + (frame.last - frame.first) * (2 * column + 1) / (2 * frame.columns)
        loss = ghost_at(scene, turn)
        if turn <= last and frame.low <= loss <= frame.high:
            marks.add((frame.y(loss) // 4, column))
    return marks


def _curves(scene: Scene, frame: Frame) -> tuple[Canvas, Canvas]:
    """The cloud of batches and the line of their mean."""
    batches, mean = Canvas(frame.columns, frame.rows), Canvas(frame.columns, frame.rows)
    lows: dict[int, float] = {}
    highs: dict[int, float] = {}
    before: tuple[int, int] | None = None
    for bucket in scene.losses.since(frame.first) if scene.objective.of_loss else ():
        x = frame.x(bucket.last)
        lows[x], highs[x] = min(bucket.low, lows.get(x, bucket.low)), max(bucket.high, highs.get(x, bucket.high))
        here = (x, frame.y(bucket.ema))
        if here != before:
            mean.line(*(before or here), *here)
            before = here
    for x, low in lows.items():
        batches.column(x, frame.y(highs[x]), frame.y(low))
    return batches, mean


def _bands(scene: Scene, frame: Frame) -> dict[int, str]:
    """Plot columns in which an ability was in force -> its name; passing triggers of a turn or two are left out."""
    bands: dict[int, str] = {}
    for span in scene.spans:
        end = scene.turn if span.end is None else span.end
        if end >= frame.first and (end - span.start >= 3 or span.end is None):
            first = frame.x(max(frame.first, span.start)) // 2
            bands.update(dict.fromkeys(range(first, min(frame.columns - 1, frame.x(end) // 2) + 1), span.ability))
    return bands


def _notes(scene: Scene, frame: Frame, mean: Canvas, bands: dict[int, str], ghost: Marks) -> dict[tuple[int, int], tuple[str, str]]:
    """Words in the plot: the limit's value, the ghost's, and the abilities' names over their bands where there is room."""
    notes: dict[tuple[int, int], tuple[str, str]] = {}

    def write(row: int, column: int, text: str, tone: str) -> bool:
        cells = [(row, column + i) for i in range(len(text))]
        free = 0 <= column and column + len(text) <= frame.columns and not any(mean.cells[row][x] or (row, x) in notes for _, x in cells)
        if free:
            notes.update({cell: (letter, tone) for cell, letter in zip(cells, text, strict=True)})
        return free

    if (limit := scene.objective.limit) is not None:
        text = f" {scene.objective.limit_name} {limit:.2f} "
        write(frame.y(limit) // 4, frame.columns - len(text) - 2, text, "cool")
    if ghost:
        row, column = max(ghost, key=lambda mark: mark[1])
        text = f"ghost {ghost_at(scene, min(scene.turn, frame.last)):.2f}"
        any(write(place, column + 1 - len(text), text, "muted") for place in (row + 1, row + 2, row - 1) if 0 <= place < frame.rows)
    taken = -1
    for column, ability in sorted(bands.items()):
        if bands.get(column - 1) != ability and column > taken:
            title = titled(ability)
            any(write(row, min(column, frame.columns - len(title)), title, "warn") for row in range(frame.rows - 1))
            taken = column + len(title)
    return notes
