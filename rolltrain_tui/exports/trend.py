"""A curve in bounded memory: means over stretches of turns, with their extremes; and a lane, the turns in which something held."""

from dataclasses import dataclass, field

CAPACITY = 600
"""Stretches at most; a picture shows no more."""
LARGEST = 1e12
"""Beyond this an axis says nothing of the rest, and a drawing library may fail."""


@dataclass(slots=True)
class Stretch:
    """Turns `first` to `last` that had a value to draw."""

    first: int
    last: int
    total: float
    count: int
    low: float
    high: float

    @property
    def turn(self) -> float:
        return (self.first + self.last) / 2

    @property
    def mean(self) -> float:
        return self.total / self.count

    def join(self, after: "Stretch") -> None:
        self.last, self.total, self.count = after.last, self.total + after.total, self.count + after.count
        self.low, self.high = min(self.low, after.low), max(self.high, after.high)


@dataclass(slots=True)
class Trend:
    """Values by turn, in order. At capacity neighbours are joined two by two, so that no extreme is lost.

    A value that is not finite, or beyond `LARGEST`, is left out.
    """

    stretches: list[Stretch] = field(default_factory=list)
    size: int = 1
    """Values in a full stretch."""

    def add(self, turn: int, value: float) -> None:
        if not abs(value) < LARGEST:  # nor NaN
            return
        point = Stretch(turn, turn, value, 1, value, value)
        if self.stretches and self.stretches[-1].count < self.size:
            self.stretches[-1].join(point)
            return
        if len(self.stretches) == CAPACITY:
            for left, right in zip(self.stretches[::2], self.stretches[1::2], strict=True):
                left.join(right)
            del self.stretches[1::2]
            self.size *= 2
        self.stretches.append(point)

    @property
    def turns(self) -> list[float]:
        return [stretch.turn for stretch in self.stretches]

    @property
    def means(self) -> list[float]:
        return [stretch.mean for stretch in self.stretches]

    def coarse(self, points: int) -> tuple[list[float], list[float]]:
        """Turns and means of about so many stretches, each of as many neighbours as it takes."""
        step = max(1, -(-len(self.stretches) // max(1, points)))
        groups = [self.stretches[start : start + step] for start in range(0, len(self.stretches), step)]
        counts = [sum(stretch.count for stretch in group) for group in groups]
        means = [sum(stretch.total for stretch in group) / count for group, count in zip(groups, counts, strict=True)]
        return [(group[0].first + group[-1].last) / 2 for group in groups], means

    @property
    def mean(self) -> float:
        """Of all values; NaN where there is none."""
        count = sum(stretch.count for stretch in self.stretches)
        return sum(stretch.total for stretch in self.stretches) / count if count else float("nan")


@dataclass(slots=True)
class Lane:
    """Intervals of turns. Gaps too short to be seen in the whole run are closed, so there are never many."""

    slack: int
    spans: list[tuple[int, int]] = field(default_factory=list)
    turns: int = 0
    """In all, gaps not counted."""

    def add(self, turn: int) -> None:
        self.turns += 1
        if self.spans and turn <= self.spans[-1][1] + self.slack + 1:
            self.spans[-1] = (self.spans[-1][0], turn)
        else:
            self.spans.append((turn, turn))
