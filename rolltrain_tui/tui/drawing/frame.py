"""The frame of a chart: which turns and values it shows on how many cells, in even or in logarithmic steps."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rolltrain_tui.base.grammar import minus

STEPS = (1.0, 2.0, 5.0)
ROWS_PER_LABEL = 2.5
LABEL = 5
"""Characters of a label."""
LEAST_SPAN = 0.02
"""A flat curve is not blown up beyond this part of its height."""
MOST = 1e307
"""No value is drawn beyond it: twice this with its room is still a number."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Turns `first` to `last` and values `low` to `high`."""

    first: int
    last: int
    low: float
    high: float
    columns: int
    rows: int
    log: bool = False

    def x(self, turn: float) -> int:
        """Dot column of a turn."""
        return round((turn - self.first) / max(1, self.last - self.first) * (2 * self.columns - 1))

    def column(self, turn: float) -> int:
        """Cell column of a turn, kept inside the plot."""
        return max(0, min(self.columns - 1, self.x(turn) // 2))

    def turn(self, dot: float) -> float:
        """The turn at a dot column."""
        return self.first + (self.last - self.first) * dot / max(1, 2 * self.columns - 1)

    def y(self, value: float) -> int:
        """Dot row of a value, kept inside the plot."""
        low, high, value = self.low, self.high, min(self.high, max(self.low, value))
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return round((high - value) / (high - low) * (4 * self.rows - 1))

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high

    def labels(self) -> dict[int, str]:
        """Round values for about every third row: plot row -> label."""
        labels: dict[int, str] = {}
        values = ticks(self.low, self.high, max(1.0, self.rows / ROWS_PER_LABEL), self.log)
        for value, text in zip(values, label_all(values), strict=True):
            labels.setdefault(self.y(value) // 4, minus(text) if value < 0 else text)
        return labels


def fitted(values: Iterable[float], *, log: bool = False) -> tuple[float, float] | None:
    """Lowest and highest finite value with a little room around them; None without any. On a log scale only positive ones count."""
    kept = [max(-MOST, min(MOST, value)) for value in values if math.isfinite(value) and (value > 0 or not log)]
    if not kept:
        return None
    low, high = min(kept), max(kept)
    if log:
        room = max(1.02, (high / low) ** 0.04)
        return max(low / room, 1e-300), min(high * room, 1e300)
    room = max(LEAST_SPAN * max(abs(low), abs(high)) / 2, (high - low) * 0.04, 1e-12)
    return low - room, high + room


def ticks(low: float, high: float, most: float, log: bool = False) -> list[float]:
    """Round values between two bounds, about `most` of them, lowest first."""
    if log and high / low > 3:
        return _log_ticks(low, high, most)
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return []
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next((part * power for part in (*STEPS, 10.0) if span / (part * power) <= most), 10 * power)
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _log_ticks(low: float, high: float, most: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for parts in ((1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0), STEPS, (1.0, 3.0), (1.0,)):
        found = [value for decade in decades for part in parts if low <= (value := part * 10.0**decade) <= high]
        if len(found) <= most + 1:
            return found
    return found[:: max(1, math.ceil(len(found) / most))]


def label_all(values: Sequence[float]) -> list[str]:
    """Each in at most five characters; where they fit, all with the same decimals."""
    for digits in range(5):
        texts = [f"{value:.{digits}f}" for value in values]
        if all(float(text) == float(f"{value:.6g}") for text, value in zip(texts, values, strict=True)):
            return texts if max(map(len, texts), default=0) <= LABEL else [label(value) for value in values]
    return [label(value) for value in values]


def label(value: float) -> str:
    """At most five characters."""
    if abs(value) < 1e-12:
        return "0"
    if 1e-3 <= abs(value) < 1e5:
        for digits in (4, 3, 2, 1, 0):
            text = f"{value:.{digits}f}"
            text = text.rstrip("0").rstrip(".") if digits else text
            if len(text) <= LABEL:
                return text
    return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


def joined(cells: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Neighbouring cells of one tone as one span."""
    spans: list[tuple[str, str]] = []
    for text, tone in cells:
        if spans and spans[-1][1] == tone:
            spans[-1] = (spans[-1][0] + text, tone)
        else:
            spans.append((text, tone))
    return spans


def turn_axis(frame: Frame, gutter: str = "     └", cursor: int | None = None) -> list[tuple[str, str]]:
    """The turns along the lower edge, written into the line, and the column of a cursor."""
    cells = list("─" * frame.columns)
    taken = -2
    for i in range(5):
        turn = frame.first + (frame.last - frame.first) * i // 4
        text = str(turn)
        start = min(frame.columns - len(text), max(0, frame.x(turn) // 2 - (len(text) // 2 if i else 0)))
        if start > taken + 1:
            cells[start : start + len(text)] = text
            taken = start + len(text)
    spans = [(cell, "track" if cell == "─" else "muted") for cell in cells]
    if cursor is not None:
        cell = spans[cursor][0]
        spans[cursor] = ("▲", "strong") if cell == "─" else (cell, "tab")
    return [(gutter, "track"), *joined(spans)]
