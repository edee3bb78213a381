"""Curves and time lines in bounded memory: values averaged over bins of turns, and intervals of turns."""

from dataclasses import dataclass, field

CAPACITY = 600
"""Bins at most. A picture has no room for more."""
LARGEST = 1e12
"""Larger values are not drawn: they would flatten all others, and drawing libraries may fail on them."""


@dataclass(slots=True)
class Bin:
    """The values of turns `first` to `last`."""

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

    def join(self, after: "Bin") -> None:
        self.last, self.total, self.count = after.last, self.total + after.total, self.count + after.count
        self.low, self.high = min(self.low, after.low), max(self.high, after.high)


@dataclass(slots=True)
class Curve:
    """Values by turn, added in order. At capacity neighbouring bins are joined in pairs; minimum and maximum are kept.

    Values that are not finite, or beyond `LARGEST`, are left out.
    """

    bins: list[Bin] = field(default_factory=list)
    size: int = 1
    """Values in a full bin."""

    def add(self, turn: int, value: float) -> None:
        if not abs(value) < LARGEST:  # nor NaN
            return
        point = Bin(turn, turn, value, 1, value, value)
        if self.bins and self.bins[-1].count < self.size:
            self.bins[-1].join(point)
            return
        if len(self.bins) == CAPACITY:
            for left, right in zip(self.bins[::2], self.bins[1::2], strict=True):
                left.join(right)
            del self.bins[1::2]
            self.size *= 2
        self.bins.append(point)

    @property
    def turns(self) -> list[float]:
        return [bin_.turn for bin_ in self.bins]

    @property
    def means(self) -> list[float]:
        return [bin_.mean for bin_ in self.bins]

    def coarse(self, points: int) -> tuple[list[float], list[float]]:
        """Turns and means, averaged once more down to about `points` points."""
        step = max(1, -(-len(self.bins) // max(1, points)))
        groups = [self.bins[start : start + step] for start in range(0, len(self.bins), step)]
        counts = [sum(bin_.count for bin_ in group) for group in groups]
        means = [sum(bin_.total for bin_ in group) / count for group, count in zip(groups, counts, strict=True)]
        return [(group[0].first + group[-1].last) / 2 for group in groups], means


@dataclass(slots=True)
class Lane:
    """Intervals of turns. At capacity the shortest gaps between them are closed: up to `slack` turns, which grows by doubling."""

    slack: int = 0
    spans: list[tuple[int, int]] = field(default_factory=list)
    turns: int = 0
    """Turns in all, without the closed gaps."""

    def add(self, turn: int) -> None:
        self.turns += 1
        self._append((turn, turn))
        while len(self.spans) > CAPACITY:
            self.slack = 2 * self.slack + 1
            spans, self.spans = self.spans, []
            for span in spans:
                self._append(span)

    def _append(self, span: tuple[int, int]) -> None:
        if self.spans and span[0] <= self.spans[-1][1] + self.slack + 1:
            self.spans[-1] = (self.spans[-1][0], span[1])
        else:
            self.spans.append(span)
