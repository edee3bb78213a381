"""What an examination looks back on: how far the last turns moved each layer, and how long the weights were.

Measuring a move costs a copy of the weights, so only the last turns before an examination are measured, not all.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

LOOKS = 5
"""Turns before each examination whose moves are measured: a single one may have been a fumble, which moves nothing."""
SETTLED = 20
"""Turns after which the running average (decay 0.95) tells of the run rather than of where it began."""
PER_TURNS = 100
"""Growth is told per so many turns."""


@dataclass(frozen=True, slots=True)
class LayerHistory:
    """Never changed: a turn that fails half-way leaves the one before it in place."""

    turns: int = 0
    """Turns taken in all, those that failed too; a rollback does not take it back."""
    since: int = 0
    """The turn at which the running average began anew: the start, or the last return to older weights."""
    moves: tuple[tuple[float, ...], ...] = ()
    """|update| of each layer, for each of the turns last measured."""
    norms: tuple[tuple[int, float], ...] = ()
    """(turn, |weights|) at the examinations of the last 100 turns, and at the one before them."""

    def looks_at(self, every: int) -> bool:
        """True where the coming turn is one of the last before an examination, of which there is one every so many turns."""
        return self.turns % every >= every - LOOKS

    def returned(self) -> Self:
        """The weights went back to older ones: what is known of the way here no longer counts."""
        return replace(self, since=self.turns, moves=(), norms=())

    def walked(self, move: Sequence[float] | None) -> Self:
        """One turn further; `move` is |update| of each layer, None where it was not measured."""
        moves = self.moves if move is None else (*self.moves, tuple(move))[-LOOKS:]
        return replace(self, turns=self.turns + 1, moves=moves)

    def weighed(self, norm: float) -> Self:
        """With the weights' norm at this turn."""
        kept = [entry for entry in self.norms if entry[0] < self.turns]
        before = [entry for entry in kept if entry[0] <= self.turns - PER_TURNS][-1:]
        return replace(self, norms=(*before, *(e for e in kept if e[0] > self.turns - PER_TURNS), (self.turns, norm)))

    @property
    def settled(self) -> bool:
        """True where the running average tells of the run."""
        return self.turns - self.since >= SETTLED

    def growth(self, norm: float) -> float:
        """How much longer the weights are than 100 turns ago, in percent: from the earliest norm known, NaN before there is one."""
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
