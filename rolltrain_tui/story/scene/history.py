"""What the full chart asks for: the numbers of every turn, the evaluations with their errors, and who was there when. In bounded memory."""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isfinite, nan
from typing import Literal, Self

from rolltrain_tui.protocol import events as ev

CAPACITY, RECENT, EVALUATIONS, STAYS = 4096, 600, 2000, 2000
COLUMNS = ("loss", "mean", "grad_norm", "lr", "update_norm", "k", "tokens")
"""Columns of each turn: the batch's loss, its running mean, and what the step was."""


@dataclass(slots=True)
class Stay:
    """Turns in which an ability was in force or a monster near. `end` is None while it is."""

    name: str
    kind: Literal["ability", "monster"]
    start: int
    end: int | None


@dataclass(slots=True)
class History:
    """A fold of events. When there are too many turns, neighbours are joined: their mean, at the later one. The newest stay single."""

    turns: list[int] = field(default_factory=list)
    columns: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    recent: deque[tuple[int, tuple[float, ...]]] = field(default_factory=lambda: deque(maxlen=RECENT))
    """The newest turns, each with its row."""
    evaluations: list[ev.Evaluated] = field(default_factory=list)
    signals: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    """Signal -> its finite values at the examinations."""
    stays: list[Stay] = field(default_factory=list)
    stride: int = 1
    """Turns in a row."""
    _filled: int = 0
    """Turns in the last row."""

    @classmethod
    def of(cls, events: Iterable[ev.Event]) -> Self:
        history = cls()
        for event in events:
            history.add(event)
        return history

    def add(self, event: ev.Event) -> None:
        """Take in an event; most change nothing."""
        match event:
            case ev.StepTaken():
                self._step(event)
            case ev.Evaluated():
                self.evaluations.append(event)
                del self.evaluations[:-EVALUATIONS]
            case ev.Examined():
                for reading in event.readings:
                    if isfinite(reading.value):
                        series = self.signals.setdefault(reading.signal, [])
                        series.append((event.turn, reading.value))
                        del series[:-EVALUATIONS]
            case ev.AbilityUsed():
                self._leave(event.ability, event.turn)
                self._stay(Stay(event.ability, "ability", event.turn, event.turn + event.turns - 1 if event.turns else None))
            case ev.AbilityEnded():
                self._leave(event.ability, event.turn)
            case ev.MonsterAppeared():
                self._stay(Stay(event.monster, "monster", event.turn, None))
            case ev.MonsterFell() | ev.MonsterLeft():
                self._leave(event.monster, event.turn)
            case _:
                pass

    def _step(self, step: ev.StepTaken) -> None:
        loss = step.loss if step.finite else nan
        k = nan if step.k_effective is None or not step.finite else step.k_effective
        moved = nan if step.applied_norm is None else step.applied_norm
        row = (loss, step.loss_ema, step.grad_norm, step.lr, moved, k, float(step.tokens))
        self.recent.append((step.turn, row))
        if self.turns and self._filled < self.stride:
            self._join(len(self.turns) - 1, step.turn, row, self._filled)
            self._filled += 1
            return
        if len(self.turns) >= CAPACITY:
            self._halve()
        self.turns.append(step.turn)
        for name, value in zip(COLUMNS, row, strict=True):
            self.columns[name].append(value)
        self._filled = 1

    def _join(self, place: int, turn: int, row: Iterable[float], weight: int) -> None:
        self.turns[place] = turn
        for name, value in zip(COLUMNS, row, strict=True):
            column = self.columns[name]
            column[place] = _mean(column[place], value, weight)

    def _halve(self) -> None:
        for column in self.columns.values():
            column[:] = [_mean(a, b, 1) for a, b in zip(column[::2], column[1::2], strict=True)]
        self.turns[:] = self.turns[1::2]
        self.stride *= 2

    def _stay(self, stay: Stay) -> None:
        self.stays.append(stay)
        del self.stays[:-STAYS]

    def _leave(self, name: str, turn: int) -> None:
        for stay in reversed(self.stays):
            if stay.name == name and (stay.end is None or stay.end >= turn):
                stay.end = max(stay.start, turn)
                return

    # Questions.

    @property
    def validations(self) -> list[tuple[int, float]]:
        """(turn, value) of each evaluation."""
        return [(check.turn, check.value) for check in self.evaluations]

    @property
    def last_two(self) -> list[tuple[int, float]]:
        """The last two of them that were numbers; fewer when there were fewer."""
        return [(turn, value) for turn, value in self.validations if isfinite(value)][-2:]

    def series(self, name: str) -> list[tuple[int, float]]:
        """(turn, value) of a column, oldest first: the newest turns singly, joined ones before them."""
        single = self.recent[0][0] if self.recent else 0
        older = bisect_left(self.turns, single)
        place = COLUMNS.index(name)
        return [*zip(self.turns[:older], self.columns[name], strict=False), *((turn, row[place]) for turn, row in self.recent)]

    def row_at(self, turn: int) -> dict[str, float]:
        """The numbers of a turn, or of the row that it was joined into; empty before the first."""
        if self.recent and turn >= self.recent[0][0]:
            place = bisect_right(self.recent, turn, key=lambda single: single[0])
            return dict(zip(COLUMNS, self.recent[place - 1][1], strict=True))
        place = bisect_left(self.turns, turn)
        if not self.turns or turn < 1:
            return {}
        place = min(place, len(self.turns) - 1)
        return {name: column[place] for name, column in self.columns.items()}

    def evaluation_at(self, turn: int) -> ev.Evaluated | None:
        """The last evaluation at or before a turn."""
        place = bisect_right(self.evaluations, turn, key=lambda evaluation: evaluation.turn)
        return self.evaluations[place - 1] if place else None

    def there_at(self, turn: int, kind: Literal["ability", "monster"]) -> list[str]:
        """Who was in force or near at a turn."""
        found = (s.name for s in self.stays if s.kind == kind and s.start <= turn and (s.end is None or turn <= s.end))
        return list(dict.fromkeys(found))

    def apart(self) -> "History":
        """An independent copy."""
        return History(
            turns=self.turns.copy(),
            columns={name: column.copy() for name, column in self.columns.items()},
            evaluations=self.evaluations.copy(),
            signals={name: series.copy() for name, series in self.signals.items()},
            recent=self.recent.copy(),
            stays=[Stay(stay.name, stay.kind, stay.start, stay.end) for stay in self.stays],
            stride=self.stride,
            _filled=self._filled,
        )


def _mean(so_far: float, value: float, weight: int) -> float:
    """The mean of `weight` values, which is `so_far`, and one more. A value that is not finite is left out."""
    if not isfinite(so_far) or not isfinite(value):
        return value if isfinite(value) else so_far
    return (so_far * weight + value) / (weight + 1)
