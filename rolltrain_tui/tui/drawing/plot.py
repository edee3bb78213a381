"""Layers of a chart, drawn one over the other into cells: lines, clouds, marks with error bars, level lines, words."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rolltrain_tui.tui.drawing.braille import DASHED, SOLID, Canvas
from rolltrain_tui.tui.drawing.frame import Frame, joined

Point = tuple[float, float]
"""(turn, value)"""
MARK, LEVEL = "◆", "┄"
MARK_EVERY = 3
"""Columns between two marks at least; the newest always has its own."""


@dataclass(slots=True)
class Plot:
    """Cells of one chart. What is drawn later lies above; two lines in one cell share it."""

    frame: Frame
    cells: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    """(row, column) -> (character, tone)"""
    signs: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    """Letters at the ends of lines: above everything, and never over one another."""

    def level(self, value: float, tone: str) -> None:
        """A dotted line across, where the value is in the frame."""
        if self.frame.holds(value):
            row = self.frame.y(value) // 4
            self.cells |= {(row, column): (LEVEL, tone) for column in range(self.frame.columns)}

    def cloud(self, strokes: Iterable[tuple[float, float, float]], tone: str) -> None:
        """(turn, low, high): a vertical stroke each, cut to the frame."""
        frame, lows, highs = self.frame, dict[int, float](), dict[int, float]()
        for turn, low, high in strokes:
            if high >= frame.low and low <= frame.high:
                x = frame.x(turn)
                lows[x], highs[x] = min(low, lows.get(x, low)), max(high, highs.get(x, high))
        canvas = self._canvas()
        for x, low in lows.items():
            canvas.column(x, frame.y(highs[x]), frame.y(low))
        self._lay(canvas, tone, merge=False)

    def line(self, points: Sequence[Point], tone: str, *, dashed: bool = False, end: str = "") -> None:
        """A line through the points; one that is not finite, or far outside, leaves a gap. `end`: a sign at its last point."""
        canvas, frame = self._canvas(), self.frame
        before: tuple[int, int] | None = None
        inside, run, last = False, 0, None
        for turn, value in points:
            if not math.isfinite(value):
                before = None
                continue
            here, was_inside, inside = (frame.x(turn), frame.y(value)), inside, frame.holds(value)
            if here != before:
                if before is not None and (inside or was_inside):
                    run = canvas.line(*before, *here, DASHED if dashed else SOLID, run)
                elif inside and not dashed:
                    canvas.dot(*here)
                before = here
            if inside and frame.first <= turn <= frame.last:
                last = here
        self._lay(canvas, tone, merge=True)
        if end and last is not None:
            row, column = last[1] // 4, min(frame.columns - 1, last[0] // 2)
            while (row, column) in self.signs and column > 0:
                column -= 1
            self.signs[row, column] = (end, f"{tone}+strong")

    def marks(self, points: Iterable[tuple[float, float, float]], tone: str) -> None:
        """(turn, value, standard error): a mark with its bar, the newest first; where they crowd, some are left out."""
        frame, taken, bars, signs = self.frame, math.inf, self._canvas(), []
        for turn, value, error in sorted(points, reverse=True):
            x = frame.x(turn)
            if taken - x // 2 < MARK_EVERY or not 0 <= x // 2 < frame.columns or not math.isfinite(value):
                continue
            taken = x // 2
            if math.isfinite(error) and error > 0 and value + error >= frame.low and value - error <= frame.high:
                bars.column(x, frame.y(value + error), frame.y(max(frame.low, value - error)))
            if frame.holds(value):
                signs.append((frame.y(value) // 4, x // 2))
        self._lay(bars, tone, merge=False)
        self.cells |= dict.fromkeys(signs, (MARK, tone))

    def write(self, row: int, column: int, text: str, tone: str, over: Sequence[str] = ()) -> bool:
        """Words, where no cell of another tone than `over` is drawn yet."""
        cells = [(row, column + i) for i in range(len(text))]
        free = column >= 0 and 0 <= row < self.frame.rows and column + len(text) <= self.frame.columns
        if free and all(cell not in self.cells or self.cells[cell][1] in over for cell in cells):
            self.cells |= {cell: (letter, tone) for cell, letter in zip(cells, text, strict=True)}
            return True
        return False

    def rows(self, tinted: Iterable[int] = ()) -> list[list[tuple[str, str]]]:
        """Every row as spans; the `tinted` columns have a coloured ground."""
        bands, blank, get = set(tinted), (" ", ""), {**self.cells, **self.signs}.get
        lines = []
        for row in range(self.frame.rows):
            cells = [get((row, column), blank) for column in range(self.frame.columns)]
            for column in bands:
                char, tone = cells[column]
                cells[column] = (char, f"{tone}+band")
            lines.append(joined(cells))
        return lines

    def _canvas(self) -> Canvas:
        return Canvas(self.frame.columns, self.frame.rows)

    def _lay(self, canvas: Canvas, tone: str, *, merge: bool) -> None:
        for row in range(canvas.rows):
            if not any(canvas.cells[row]):
                continue
            for column, char in enumerate(canvas.text(row)):
                if char != " ":
                    below = self.cells.get((row, column))
                    if merge and below is not None and below[1] != "faint" and "\u2800" <= below[0] <= "\u28ff":
                        char = chr(ord(char) | ord(below[0]))
                    self.cells[row, column] = (char, tone)
