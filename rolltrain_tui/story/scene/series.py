"""The loss curve in bounded memory: buckets of a few turns each, with their lowest, highest and smoothed loss; the newest turns singly."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

CAPACITY = 1000
"""Buckets of the whole run: from 500 on, one for each column of dots of a wide terminal. More cost the screen time and show nothing."""
RECENT = 600
"""Newest turns that are kept singly besides, for a close look in a long run."""


@dataclass(slots=True)
class Bucket:
    """Turns `first` to `last`: the extremes of the raw loss, and the smoothed loss after the last of them."""

    first: int
    last: int
    low: float
    high: float
    ema: float

    def add(self, other: "Bucket") -> None:
        """Merge the following bucket into this one."""
        self.last, self.ema = other.last, other.ema
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)


@dataclass(slots=True)
class LossSeries:
    """Losses in the order of turns. When `capacity` buckets are full, neighbours are merged in pairs; extremes are kept."""

    capacity: int = CAPACITY
    buckets: list[Bucket] = field(default_factory=list)
    recent: deque[Bucket] = field(default_factory=lambda: deque(maxlen=RECENT))
    """Buckets of one turn each."""
    stride: int = 1
    """Points in a full bucket."""
    _filled: int = 0
    """Points in the last bucket."""

    def __post_init__(self) -> None:
        assert self.capacity % 2 == 0

    def add(self, turn: int, loss: float, ema: float) -> None:
        self.recent.append(Bucket(turn, turn, loss, loss, ema))
        point = Bucket(turn, turn, loss, loss, ema)
        if self.buckets and self._filled < self.stride:
            self.buckets[-1].add(point)
            self._filled += 1
            return
        if len(self.buckets) == self.capacity:
            self._halve()
        self.buckets.append(point)
        self._filled = 1

    def _halve(self) -> None:
        for left, right in zip(self.buckets[::2], self.buckets[1::2], strict=True):
            left.add(right)
        del self.buckets[1::2]
        self.stride *= 2

    def since(self, turn: int) -> Iterator[Bucket]:
        """The buckets that hold `turn` or a later one, oldest first: single turns if all of those are still known."""
        known: Iterable[Bucket] = self.recent if self.recent and self.recent[0].first <= turn else self.buckets
        return (bucket for bucket in known if bucket.last >= turn)

    def __len__(self) -> int:
        return len(self.buckets)
