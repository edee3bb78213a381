"""The Validation Gate: at each camp the run is held against its ghost, the recorded plain training of the same campaign."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite

from rolltrain_tui.protocol.events import GhostPoint


def ghost_val_loss(points: Sequence[GhostPoint], turn: float) -> float:
    """The ghost's validation loss at any turn: a straight line between two evaluations, level before the first and after the last.

    A plain run that burst is as bad as can be: where a loss is not a number, the answer is infinite.
    """
    place = bisect_left(points, turn, key=lambda point: point.turn)
    after = points[min(place, len(points) - 1)]
    before = points[max(place - 1, 0)] if after.turn > turn else after
    if not (isfinite(before.val_loss) and isfinite(after.val_loss)):
        return inf
    share = (turn - before.turn) / (after.turn - before.turn) if after is not before else 0.0
    return before.val_loss + share * (after.val_loss - before.val_loss)


@dataclass(frozen=True, slots=True)
class Gate:
    """The gates of one campaign."""

    points: tuple[GhostPoint, ...]
    tolerance: float
    """Nats above the ghost that still pass."""
    xp: int
    """Won where one opens; where it stays shut half of it is lost, never a level."""

    def ghost(self, turn: int) -> float:
        return ghost_val_loss(self.points, turn)

    def bar(self, turn: int) -> float:
        """The worst validation loss that passes."""
        return self.ghost(turn) + self.tolerance

    def opens(self, turn: int, val_loss: float) -> bool:
        return isfinite(val_loss) and val_loss <= self.bar(turn)

    def stake(self, opened: bool, above_level: int) -> int:
        """XP won (positive) or lost; `above_level`: what the hero has beyond the start of the present level."""
        return self.xp if opened else -max(0, min(self.xp // 2, above_level))
