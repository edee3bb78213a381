"""The Validation Gate: at each camp the run is held against its ghost, the recorded plain training of the same campaign."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite

from rolltrain_tui.protocol.events import GhostPoint
from rolltrain_tui.protocol.objective import VALIDATION_LOSS, Objective


def ghost_value(points: Sequence[GhostPoint], turn: float, worst: float = inf) -> float:
    """The ghost's value at any turn: a straight line between two evaluations, level before the first and after the last.

    Where a value of the plain run is not finite, the answer is `worst`: any run is at least as good.
    """
    place = bisect_left(points, turn, key=lambda point: point.turn)
    after = points[min(place, len(points) - 1)]
    before = points[max(place - 1, 0)] if after.turn > turn else after
    if not (isfinite(before.value) and isfinite(after.value)):
        return worst
    share = (turn - before.turn) / (after.turn - before.turn) if after is not before else 0.0
    return before.value + share * (after.value - before.value)


@dataclass(frozen=True, slots=True)
class Gate:
    """The gates of one campaign."""

    points: tuple[GhostPoint, ...]
    tolerance: float
    """How much worse than the ghost still passes, in the objective's unit."""
    xp: int
    """Won where one opens; where it stays shut half of it is lost, never a level."""

    objective: Objective = VALIDATION_LOSS

    def ghost(self, turn: int) -> float:
        return ghost_value(self.points, turn, self.objective.worst)

    def bar(self, turn: int) -> float:
        """The worst value that passes."""
        return self.objective.worse_by(self.ghost(turn), self.tolerance)

    def opens(self, turn: int, value: float) -> bool:
        return isfinite(value) and self.objective.reaches(value, self.bar(turn))

    def stake(self, opened: bool, above_level: int) -> int:
        """XP won (positive) or lost; `above_level`: what the hero has beyond the start of the present level."""
        return self.xp if opened else -max(0, min(self.xp // 2, above_level))
