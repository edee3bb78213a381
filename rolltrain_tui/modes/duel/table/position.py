"""A game as it stands, in whole numbers without bounds: points, moves, and what fell because of which other point.

d coordinates; a point is a tuple of d numbers. The players see shares of the largest coordinate, as in training (`shares`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.modes.duel.game import Boards, GameError, Polytope, newton_polytope
from rolltrain_tui.training.state.streams import random_stream

Point = tuple[int, ...]
Points = tuple[Point, ...]
AXES = "xyzuvwst"
MOST_POINTS = 64
LARGEST = 10**6
"""Largest coordinate of a start."""
WHOLE = 10_000
"""Coordinates from here on are told as shares of the largest."""
TRIES = 100
"""Draws of a start that is not over before it begins."""


class IllegalMoveError(GameError):
    """A move that the rules forbid. It costs nothing; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is agreed before the first move."""

    dimension: int = 3
    points: int = 20
    """Drawn for a start; those that lie in the polytope fall before the first move."""
    highest: int = 20
    """Coordinates of a start are whole numbers from 0 to this."""
    polytope: Polytope = "pareto"
    limit: int = 100
    """Moves after which a game is stopped."""

    def __post_init__(self) -> None:
        if not 2 <= self.dimension <= len(AXES):
            least = ": the host needs at least 2 coordinates to choose from" if self.dimension < 2 else ""
            raise GameError(f"a game of dimension {self.dimension} is not possible{least}; choose 2 to {len(AXES)}")
        for name, value, low, high in (
            ("points", self.points, 1, MOST_POINTS),
            ("highest", self.highest, 1, LARGEST),
            ("limit", self.limit, 1, 10_000),
        ):
            if not low <= value <= high:
                raise GameError(f"{name} {value} is not possible; choose {low} to {high}")


@dataclass(frozen=True, slots=True)
class Fall:
    """A point that is gone, and why."""

    point: Point
    because: Point | None
    """The point that is no larger in any coordinate; None: a mixture of several is."""


@dataclass(frozen=True, slots=True)
class Move:
    """One move: the host named `chosen`, the agent took `axis`."""

    chosen: tuple[int, ...]
    axis: int
    moved: Points
    """Every point after the sum, before any fell, in the order of the board."""
    falls: tuple[Fall, ...]
    points: Points
    """Those that stay."""


@dataclass(frozen=True, slots=True)
class Position:
    """A game so far. A move gives a new position."""

    rules: Rules
    points: Points
    moves: tuple[Move, ...] = ()
    fell: tuple[Fall, ...] = ()
    """Before the first move."""

    @classmethod
    def start(cls, rules: Rules, points: Sequence[Sequence[int]]) -> "Position":
        """A game from these points. GameError where they are no start."""
        given = tuple(tuple(point) for point in points)
        if not 1 <= len(given) <= MOST_POINTS:
            raise GameError(f"a start of {len(given)} points is not possible; give 1 to {MOST_POINTS}")
        for point in given:
            if len(point) != rules.dimension:
                raise GameError(f"point {shown(point)} has {counted(len(point), 'coordinate')}, and this game has {rules.dimension}")
            if not all(0 <= value <= LARGEST for value in point):
                raise GameError(f"point {shown(point)} is no start; its coordinates must be whole numbers from 0 to {LARGEST:,}")
        kept, falls = without_inner(given, rules.polytope)
        return cls(rules, kept, fell=falls)

    @classmethod
    def random(cls, rules: Rules, seed: int, game: int = 0) -> "Position":
        """The start of a game of this seed; if possible one that is not over before it begins. The largest points come first."""
        stream = random_stream(seed, f"duel table {game}")
        for _ in range(TRIES):
            drawn = torch.randint(rules.highest + 1, (rules.points, rules.dimension), generator=stream).tolist()
            found = cls.start(rules, sorted(map(tuple, drawn), reverse=True))
            if not found.over:
                break
        return found

    @property
    def most(self) -> int:
        """The largest coordinate on the board."""
        return most_of(self.points)

    @property
    def over(self) -> bool:
        """At most one point is left."""
        return len(self.points) <= 1

    @property
    def stopped(self) -> bool:
        """The game is over, or has come to the limit of moves."""
        return self.over or len(self.moves) >= self.rules.limit

    def play(self, chosen: Sequence[int], axis: int) -> "Position":
        """After a move. IllegalMoveError says what is wrong with it."""
        named = self.check_host(chosen)
        self.check_agent(named, axis)
        moved = tuple(tuple(sum(p[c] for c in named) if c == axis else p[c] for c in range(len(p))) for p in self.points)
        kept, falls = without_inner(moved, self.rules.polytope)
        return replace(self, points=kept, moves=(*self.moves, Move(named, axis, moved, falls, kept)))

    def check_host(self, chosen: Sequence[int]) -> tuple[int, ...]:
        """The coordinates in order, if a host may name them. IllegalMoveError."""
        self._check_going()
        d = self.rules.dimension
        if strange := [c for c in chosen if not 0 <= c < d]:
            raise IllegalMoveError(f"there is no coordinate {strange[0] + 1}; this game has 1 to {d} ({AXES[0]} to {AXES[d - 1]})")
        named = tuple(sorted(set(chosen)))
        if len(named) < 2:
            what = f"only {AXES[named[0]]} is named: add another, such as {_other(named)}" if named else "none is named: name x and y, say"
            raise IllegalMoveError(f"the host names at least two coordinates, and {what}")
        return named

    def check_agent(self, chosen: Sequence[int], axis: int) -> None:
        """IllegalMoveError where an agent may not take this coordinate."""
        self._check_going()
        if axis not in chosen:
            what = f"{AXES[axis]} is not among them" if 0 <= axis < self.rules.dimension else f"there is no coordinate {axis + 1}"
            raise IllegalMoveError(f"the host has named {names(chosen)}, and {what}: take one of these")

    def _check_going(self) -> None:
        if self.stopped:
            raise IllegalMoveError("this game is over; begin the next one")


def most_of(points: Points) -> int:
    """The largest coordinate; 0 where there are no points."""
    return max((max(point) for point in points), default=0)


def _other(named: Sequence[int]) -> str:
    return names([c for c in range(2) if c not in named][:1])


def names(axes: Sequence[int]) -> str:
    """Such as "x and z"."""
    told = [AXES[c] for c in axes]
    return f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else "".join(told)


def shown(point: Point, most: int = 0) -> str:
    """Such as (3,4,1); shares of `most`, the board's largest coordinate, where that is no small number."""
    return f"({','.join(figure(value, most) for value in point)})"


def rough(value: int) -> str:
    """A number of any size in few characters: 831, or 8e+21."""
    text = str(value)
    return text if value < WHOLE else f"{text[0]}e+{len(text) - 1}"


def figure(value: int, most: int) -> str:
    """A coordinate on a board whose largest is `most`: a whole number while all are below 10,000, and then a share of the largest."""
    return str(value) if most < WHOLE else f"{value / most:.4f}"


def shares(points: Points) -> Boards:
    """The board that players see: one game, float32, shares of the largest coordinate, points in their order."""
    most = most_of(points) or 1
    return Boards.of(torch.tensor([[[value / most for value in point] for point in points]], dtype=torch.float64).float())


# ---------------------------------------------------------------------------------------------------------------------
# The polytope


def without_inner(points: Points, polytope: Polytope) -> tuple[Points, tuple[Fall, ...]]:
    """Those that stay, in their order, and those that fall: equal ones but the first, those above another one, and inside the hull."""
    stay, falls = [], []
    for i, point in enumerate(points):
        if (because := _below(points, i)) is None:
            stay.append(point)
        else:
            falls.append(Fall(point, because))
    if polytope == "hull" and len(stay) > 2:
        most = most_of(tuple(stay)) or 1
        exact = Boards.of(torch.tensor([[[value / most for value in point] for point in stay]], dtype=torch.float64))
        corner = newton_polytope(exact, "hull").alive[:, 0].tolist()
        falls += [Fall(point, None) for point, stays in zip(stay, corner, strict=True) if not stays]
        stay = [point for point, stays in zip(stay, corner, strict=True) if stays]
    return tuple(stay), tuple(falls)


def _below(points: Points, i: int) -> Point | None:
    """A point that lets this one fall: no larger in any coordinate, or equal and earlier. Of several, one that stays."""
    point = points[i]
    found = [q for j, q in enumerate(points) if (q != point or j < i) and all(a <= b for a, b in zip(q, point, strict=True))]
    return min(found, key=lambda q: (sum(q), q)) if found else None
