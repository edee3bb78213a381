"""How far the last turns moved each layer, and how the norm of the weights grew: what an examination reads of the past.

Measuring a move costs a copy of the weights. So only the last turns before each examination are measured.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

LOOKS = 5
"""Turns measured before each examination. More than one, because a turn whose k is 0 moves nothing."""
SETTLED = 20
"""Turns after which the weight average (decay 0.95) has forgotten most of where it began: 0.95^20 = 0.36 of it is left."""
PER_TURNS = 100
"""Turns over which growth is given."""


@dataclass(frozen=True, slots=True)
class LayerHistory:
    """Immutable: undoing a failed turn is keeping the history from before it."""

    turns: int = 0
    """Turns taken in all, those that were not finite included. A rollback does not reduce it."""
    since: int = 0
    """The turn at which the weight average began: the start, or the last return to older weights."""
    moves: tuple[tuple[float, ...], ...] = ()
    """|update| of each layer, for each of the turns last measured."""
    norms: tuple[tuple[int, float], ...] = ()
    """(turn, |weights|) at the examinations of the last 100 turns, and at the one before them."""

    def looks_at(self, every: int) -> bool:
        """True where the coming turn is one of the last before an examination. `every`: turns between examinations."""
        return self.turns % every >= every - LOOKS

    def returned(self) -> Self:
        """After a return to older weights: moves and norms of the abandoned way no longer count."""
        return replace(self, since=self.turns, moves=(), norms=())

    def walked(self, move: Sequence[float] | None) -> Self:
        """After one more turn. `move` is |update| of each layer, None where it was not measured."""
        moves = self.moves if move is None else (*self.moves, tuple(move))[-LOOKS:]
        return replace(self, turns=self.turns + 1, moves=moves)

    def weighed(self, norm: float) -> Self:
        """With the norm of the weights at this turn."""
        kept = [entry for entry in self.norms if entry[0] < self.turns]
        before = [entry for entry in kept if entry[0] <= self.turns - PER_TURNS][-1:]
        return replace(self, norms=(*before, *(e for e in kept if e[0] > self.turns - PER_TURNS), (self.turns, norm)))

    @property
    def settled(self) -> bool:
        """True where the weight average says more of the run than of its start."""
        return self.turns - self.since >= SETTLED

    def growth(self, norm: float) -> float:
        """Growth of the weights' norm per 100 turns, in percent, since the earliest norm known; NaN for a span of less than 20 turns."""
        turn, before = self.norms[0] if self.norms else (self.turns, norm)
        turns = self.turns - turn
        return math.nan if turns < SETTLED or before <= 0 else (norm / before - 1) * 100 * PER_TURNS / turns

    def state_dict(self) -> dict[str, Any]:
        return {"turns": self.turns, "since": self.since, "moves": [list(m) for m in self.moves], "norms": [list(n) for n in self.norms]}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Exact inverse of state_dict; KeyError, TypeError or ValueError where it is not one."""
        moves = tuple(tuple(float(length) for length in move) for move in state["moves"])
        norms = tuple((int(turn), float(norm)) for turn, norm in state["norms"])
        return cls(int(state["turns"]), int(state["since"]), moves, norms)
