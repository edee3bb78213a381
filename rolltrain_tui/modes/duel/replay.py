"""The replay buffer: a ring of experience in tensors. A turn that fails can take back what it wrote."""

from collections.abc import Collection, Mapping

import torch
from torch import Tensor


class ReplayError(ValueError):
    """A buffer that is too small for what is put into it."""


class Replay:
    """A ring of rows, kept column by column. The newest overwrite the oldest."""

    def __init__(self, capacity: int, columns: Mapping[str, tuple[tuple[int, ...], torch.dtype]]) -> None:
        """`columns`: name -> shape of one row, kind of number."""
        self.capacity = capacity
        self.columns = {name: torch.zeros(capacity, *shape, dtype=dtype) for name, (shape, dtype) in columns.items()}
        self.position = 0
        self.full = False
        self.stamps: tuple[tuple[int, int], ...] = ()
        """(turn, rows) of what it holds, the oldest first."""
        self.written = 0
        """Rows ever written, for `follow`."""
        self._leader: Replay | None = None
        self._common = 0
        """What the leader had written when its rows were last taken over."""
        self._overwritten: list[tuple[Tensor, dict[str, Tensor], int, bool, tuple[tuple[int, int], ...]]] = []
        """Since `mark`: the slots, what was there, and position, `full` and stamps before."""

    def __len__(self) -> int:
        """Rows that hold something."""
        return self.capacity if self.full else self.position

    def age(self, turn: int) -> float:
        """Mean age of the rows, in turns; 0 where it is empty."""
        rows = sum(count for _, count in self.stamps)
        return sum(count * (turn - then) for then, count in self.stamps) / rows if rows else 0.0

    def add(self, rows: Mapping[str, Tensor], turn: int = 0) -> None:
        """Write some rows, fewer than the capacity, into the next slots. ReplayError for too many."""
        count = len(next(iter(rows.values())))
        if count >= self.capacity:
            raise ReplayError(f"{count} transitions come at once, and the replay buffer holds {self.capacity}; make it larger")
        slots = (self.position + torch.arange(count)) % self.capacity
        self._note(slots)
        for name, column in self.columns.items():
            column[slots] = rows[name].to(column.device, column.dtype)
        self.written += count
        self.full = self.full or self.position + count >= self.capacity
        self.position = (self.position + count) % self.capacity
        self.stamps = _newest((*self.stamps, (turn, count)), self.capacity)

    def sample(self, count: int, stream: torch.Generator, names: Collection[str] | None = None) -> dict[str, Tensor]:
        """Rows drawn with replacement, each that is filled as likely; of these columns only."""
        slots = torch.randint(len(self), (count,), generator=stream)
        return {name: self.columns[name].index_select(0, slots) for name in names or self.columns}

    def first(self, count: int) -> dict[str, Tensor]:
        """The rows of the first slots; fewer where fewer are filled."""
        return {name: column[: min(count, len(self))] for name, column in self.columns.items()}

    def clear(self) -> None:
        """Forget every row."""
        self._note(torch.empty(0, dtype=torch.long))
        self.position, self.full, self.stamps = 0, False, ()
        self.written += self.capacity  # followers take everything over

    def _note(self, slots: Tensor) -> None:
        """Remember what stands in these slots, and the position."""
        self._overwritten.append(
            (slots, {name: column[slots] for name, column in self.columns.items()}, self.position, self.full, self.stamps)
        )

    # -----------------------------------------------------------------------------------------------------------------
    # Taking back, saving, copying

    def mark(self) -> None:
        """From here on `undo` can take back what is written."""
        self._overwritten.clear()

    def undo(self) -> None:
        for slots, rows, position, full, stamps in reversed(self._overwritten):
            for name, column in self.columns.items():
                column[slots] = rows[name]
            self.position, self.full, self.stamps = position, full, stamps
        self._overwritten.clear()
        self._leader = None

    def pack(self, prefix: str) -> dict[str, Tensor]:
        """The filled rows, as copies."""
        return {f"{prefix}.{name}": column[: len(self)].clone() for name, column in self.columns.items()}

    def copy_from(self, columns: Mapping[str, Tensor], position: int, full: bool, stamps: tuple[tuple[int, int], ...]) -> None:
        """Take over rows as `pack` gives them, without the prefix."""
        for name, column in self.columns.items():
            column[: len(columns[name])] = columns[name]
        self.position, self.full, self.stamps = position, full, stamps
        self._overwritten.clear()
        self._leader = None

    def follow(self, leader: "Replay") -> None:
        """Hold what the leader holds. Where it was followed before, only the rows that either has written since are copied."""
        fresh = max(self.written, leader.written) - self._common if self._leader is leader else self.capacity
        if fresh >= self.capacity or leader.written < self._common:
            slots = torch.arange(len(leader))
        else:
            first = leader.position - (leader.written - self._common)
            slots = (first + torch.arange(fresh)) % self.capacity
        for name, column in self.columns.items():
            column[slots] = leader.columns[name][slots]
        self.position, self.full, self.stamps = leader.position, leader.full, leader.stamps
        self.written = self._common = leader.written
        self._leader = leader
        self._overwritten.clear()


def _newest(stamps: tuple[tuple[int, int], ...], rows: int) -> tuple[tuple[int, int], ...]:
    """The newest stamps that cover `rows` rows together; the oldest of them may count for only a part of its rows."""
    more = sum(count for _, count in stamps) - rows
    first = 0
    while more > 0 and stamps[first][1] <= more:
        more -= stamps[first][1]
        first += 1
    kept = stamps[first:]
    return ((kept[0][0], kept[0][1] - more), *kept[1:]) if more > 0 else kept
