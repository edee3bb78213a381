"""Hironaka's polyhedra game, whole batches at a time. Read from top to bottom: boards, moves, polytopes, views, action codes.

The host picks at least two coordinates, the agent one of them: of every point, that coordinate becomes the sum of those picked. Then only
the Newton polytope's points stay. The game is over when at most one is left.

Shapes: B games, N points, d coordinates. Boards lie as (d, N, B): the games last, so that every step is one pass over contiguous memory.
Nothing here loops over games.
"""

from dataclasses import dataclass
from functools import cache
from math import inf
from typing import Literal, Self

import torch
from torch import Tensor

from rolltrain_tui.training.tensors.precise import in_float64

PADDING = -1
"""Every coordinate of a point that is gone, where points are written as (B, N, d)."""
GONE = 2**62
"""The same on boards of whole numbers; on boards of floats it is infinity. No living point comes near it."""
CHUNK = 2**19
"""Comparisons of two points that are held at once: about 2,000 games of 16 points, which stay in a processor's cache."""
EXACT = 1e-9
"""Tolerance of the hull: relative to the largest coordinate, in float64."""
TINY = 1e-12
"""Pivots and ratios below this are rounding errors."""
PIVOTS = 1000
"""Most pivots of one simplex table; a few dozen are usual."""

HOPELESS, HARDLY = 20_000, 2000
"""Draws of starts, after which one in HARDLY must be a game that is not over before it begins."""

Polytope = Literal["pareto", "hull"]


class GameError(ValueError):
    """A board or a move that the game does not know. The message is for people."""


def check_hope(draws: int, found: int, points: int, dimension: int, highest: int) -> None:
    """GameError where so many draws gave so few games that the rest would be waited for in vain."""
    if draws > HOPELESS and found * HARDLY < draws:
        raise GameError(
            f"games of {points} points with {dimension} coordinates up to {highest} are over before they begin: of {draws:,} draws, "
            f"{draws - found:,} were; ask for fewer points (points), or for higher ones (highest)"
        )


# ---------------------------------------------------------------------------------------------------------------------
# Boards


@dataclass(frozen=True, slots=True)
class Boards:
    """Some games side by side. Operations give new boards."""

    x: Tensor
    """(d, N, B), float32, float64 or int64. A point that is gone is `gone` in every coordinate."""

    @classmethod
    def of(cls, points: Tensor) -> Self:
        """From (B, N, d) with padding -1, any kind of number: integers stay exact, others become float32 or stay float64. GameError."""
        if points.dim() != 3:
            raise GameError(f"points must be games x points x coordinates; these have {points.dim()} axes")
        _, count, dimension = points.shape
        if dimension < 2:
            raise GameError(f"the game needs at least 2 coordinates to choose from, and these points have {dimension}")
        if count < 1:
            raise GameError("a game needs at least 1 point")
        if not points.is_floating_point():
            points = points.to(torch.int64)
        elif points.dtype != torch.float64:
            points = points.float()
        dead = (points < 0).any(dim=2, keepdim=True)
        return cls(points.masked_fill(dead, _gone(points.dtype)).permute(2, 1, 0).contiguous())

    @classmethod
    def random(cls, games: int, points: int, dimension: int, highest: int, stream: torch.Generator) -> Self:
        """Whole numbers from 0 to `highest`, each as likely, before any polytope is taken. Drawn on the CPU."""
        return cls.of(torch.randint(highest + 1, (games, points, dimension), generator=stream))

    @property
    def dimension(self) -> int:
        return self.x.shape[0]

    @property
    def points(self) -> int:
        """Places for points: the longest game fits."""
        return self.x.shape[1]

    def __len__(self) -> int:
        return self.x.shape[2]

    @property
    def alive(self) -> Tensor:
        """(N, B) bool."""
        return self.x[0] < _gone(self.x.dtype)

    @property
    def counts(self) -> Tensor:
        """Living points of each game: (B,)."""
        return self.alive.sum(dim=0)

    @property
    def ended(self) -> Tensor:
        """(B,) bool: at most one point is left."""
        return self.counts <= 1

    def padded(self, points: int | None = None) -> Tensor:
        """(B, N, d) with padding -1, or with room for `points`."""
        x = self.x.masked_fill(~self.alive, PADDING).permute(2, 1, 0).contiguous()
        if points is None or points <= self.points:
            return x
        return torch.cat([x, x.new_full((len(self), points - self.points, self.dimension), PADDING)], dim=1)

    def only(self, games: Tensor) -> "Boards":
        """Some of the games, by a (B,) bool or by numbers."""
        return Boards(self.x[:, :, games])

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> "Boards":
        """On another device, or in another kind of number."""
        if dtype is None or dtype == self.x.dtype:
            return Boards(self.x.to(device))
        gone = ~self.alive
        return Boards(self.x.masked_fill(gone, 0).to(device, dtype).masked_fill(gone.to(device), _gone(dtype)))


def joined(boards: list[Boards]) -> Boards:
    """All games of some boards of one dimension, in their order."""
    most = max(part.points for part in boards)
    gone = _gone(boards[0].x.dtype)
    parts = []
    for part in boards:
        room = part.x.new_full((part.dimension, most - part.points, len(part)), gone)
        parts.append(torch.cat([part.x, room], dim=1))
    return Boards(torch.cat(parts, dim=2))


# ---------------------------------------------------------------------------------------------------------------------
# Moves


def shift(boards: Boards, chosen: Tensor, axis: Tensor) -> Boards:
    """x_i <- the sum of x_k over the chosen k, for every point. A game is left alone where i was not chosen, and where it is over.

    `chosen`: (d, B) bool. `axis`: (B,) int64. GameError where whole numbers grow too large.
    """
    x, alive = boards.x, boards.alive
    moves = chosen.gather(0, axis[None])[0] & (alive.sum(dim=0) > 1)  # (B,)
    if not x.is_floating_point() and x.numel():
        highest = int(x.masked_fill(~alive, 0).max())
        if highest * boards.dimension >= GONE:
            raise GameError("the numbers of this game have grown beyond 64 bits; play on with shares of the largest (rescale)")
    total = torch.where(chosen[:, None, :], x, 0).sum(dim=0)  # (N, B)
    where = axis.expand(1, boards.points, -1)  # (1, N, B)
    moved = torch.where(moves & alive, total, x.gather(0, where)[0])
    return Boards(x.scatter(0, where, moved[None]))


def after(boards: Boards, chosen: Tensor, axis: Tensor, *, polytope: Polytope = "pareto") -> Boards:
    """A whole move: shift, polytope, rescale, and the boards made as small as the longest game."""
    return trimmed(rescale(newton_polytope(shift(boards, chosen, axis), polytope)))


def begun(boards: Boards, *, polytope: Polytope = "pareto") -> Boards:
    """The same without a shift: how a game begins. Whole numbers become float32."""
    reduced = newton_polytope(boards, polytope)
    if not reduced.x.is_floating_point():
        reduced = reduced.to(dtype=torch.float32)
    return trimmed(rescale(reduced))


def rescale(boards: Boards) -> Boards:
    """Divide each game by its largest coordinate; a game of zeros stays as it is. For floats."""
    highest = boards.x.masked_fill(~boards.alive, 0).amax(dim=(0, 1))  # (B,)
    return Boards(boards.x / torch.where(highest > 0, highest, 1))


# ---------------------------------------------------------------------------------------------------------------------
# Polytopes


def newton_polytope(boards: Boards, kind: Polytope = "pareto") -> Boards:
    """Take away duplicates, the first one stays, and points that lie in the polytope without being a corner; places do not change.

    pareto: a point goes where another one is no larger in any coordinate. hull: it also goes where a mixture of others is.
    """
    size = max(1, CHUNK // max(1, boards.points**2))
    kept = [_undominated(part) for part in torch.split(boards.x, size, dim=2)]
    found = Boards(boards.x.masked_fill(~torch.cat(kept, dim=1), _gone(boards.x.dtype))) if kept else boards
    return _corners(found) if kind == "hull" else found


def _undominated(x: Tensor) -> Tensor:
    """(d, N, B) -> (N, B) bool. Duplicates, dominance and points that are gone are told in one pass over the pairs of points.

    Written into two pieces of memory, and with rows put together by halves: 1.6 times as fast as with fresh results and `any`.
    """
    below = x[0][None] <= x[0][:, None]  # [i, j]: x_j <= x_i in every coordinate
    room = torch.empty_like(below)
    for own in x[1:]:
        below &= torch.le(own[None], own[:, None], out=room)
    left = len(below)
    later = torch.ones(left, left, dtype=torch.bool, device=x.device).triu()  # not j < i: the first of equal points stays
    torch.logical_and(below.transpose(0, 1), later[:, :, None], out=room)
    removed = torch.gt(below, room, out=room)  # below and not room: i goes because of j
    while left > 1:
        half = left // 2
        removed[:, :half] |= removed[:, left - half : left]
        left -= half
    return ~removed[:, 0] & (x[0] < _gone(x.dtype))


def _corners(boards: Boards) -> Boards:
    """A Pareto board without the points that a mixture of others does not exceed.

    Point p stays where some weights w >= 0 rank it strictly below all others: where the matrix game with pay-off q_j[c] - p[c] has a
    positive value. All these games are solved at once by the simplex method; its tables have only d rows.
    """
    x = in_float64(boards.x)
    alive = boards.alive.to(x.device)
    _, count, games = x.shape
    if count < 3 or not games:
        return boards
    scale = x.masked_fill(~alive, 0).amax(dim=(0, 1)).clamp(min=1e-300)  # (B,)
    x = (x / scale).masked_fill(~alive, 0).permute(2, 1, 0)  # (B, N, d)
    others = alive.T[:, None, :] & ~torch.eye(count, dtype=torch.bool, device=x.device)  # (B, p, j)
    payoff = x[:, None] - x[:, :, None] + 2  # (B, p, j, d): at least 1
    value = _value_of(payoff.flatten(0, 1).transpose(1, 2), others.flatten(0, 1)) - 2  # (B*p,)
    stays = alive & (value.view(games, count).T > EXACT)
    return Boards(boards.x.masked_fill(~stays.to(boards.x.device), _gone(boards.x.dtype)))


def _value_of(payoff: Tensor, allowed: Tensor) -> Tensor:
    """The values of M matrix games of positive pay-offs (M, d, n), in which the minimiser mixes the allowed columns (M, n): (M,).

    Maximise sum(y) with payoff @ y <= 1, y >= 0; the value is 1 / sum(y), or infinity where no column is allowed. Bland's rule, so that
    no game goes round in circles.
    """
    games, rows, columns = payoff.shape
    slack = torch.eye(rows, dtype=payoff.dtype, device=payoff.device).expand(games, -1, -1)
    table = torch.cat([payoff, slack, payoff.new_ones(games, rows, 1)], dim=2)  # (M, d, n + d + 1)
    gain = torch.cat([allowed.to(payoff.dtype), payoff.new_zeros(games, rows + 1)], dim=1)  # (M, n + d + 1)
    usable = torch.cat([allowed, torch.ones(games, rows, dtype=torch.bool, device=payoff.device)], dim=1)
    basis = (columns + torch.arange(rows, device=payoff.device)).repeat(games, 1)  # (M, d)
    each = torch.arange(games, device=payoff.device)
    for _ in range(PIVOTS):
        better = (gain[:, :-1] > EXACT) & usable
        active = better.any(dim=1)
        if not bool(active.any()):
            break
        enters = better.int().argmax(dim=1)  # (M,)
        column = table.gather(2, enters[:, None, None].expand(-1, rows, 1))[:, :, 0]  # (M, d)
        ratio = torch.where(column > TINY, table[:, :, -1].clamp(min=0) / column.clamp(min=TINY), inf)
        tied = ratio <= ratio.amin(dim=1, keepdim=True) + TINY
        leaves = torch.where(tied, basis, columns + rows).argmin(dim=1)  # (M,)
        pivot = table[each, leaves] / column[each, leaves][:, None]  # (M, n + d + 1)
        changed = table - column[:, :, None] * pivot[:, None]
        changed[each, leaves] = pivot
        table = torch.where(active[:, None, None], changed, table)
        gain = torch.where(active[:, None], gain - gain.gather(1, enters[:, None]) * pivot, gain)
        basis[each[active], leaves[active]] = enters[active]
    return torch.where(allowed.any(dim=1), 1 / -gain[:, -1], inf)


# ---------------------------------------------------------------------------------------------------------------------
# Views


def by_first_coordinate(boards: Boards) -> Boards:
    """The points in falling order of their first coordinate; equal ones keep their order, and those that are gone come last."""
    key = torch.where(boards.alive, boards.x[0], -1)
    order = key.argsort(dim=0, descending=True, stable=True)  # (N, B)
    return Boards(boards.x.gather(1, order.expand(boards.dimension, -1, -1)))


def in_order(boards: Boards) -> Boards:
    """The points in falling lexicographic order, so that two boards of the same points are equal."""
    found = boards
    for axis in reversed(range(boards.dimension)):
        key = torch.where(found.alive, found.x[axis], -1)
        found = Boards(found.x.gather(1, key.argsort(dim=0, descending=True, stable=True).expand(boards.dimension, -1, -1)))
    return found


def trimmed(boards: Boards) -> Boards:
    """The points by their first coordinate, and no more places than the longest game has points."""
    found = by_first_coordinate(boards)
    longest = int(found.counts.max()) if len(found) else 1
    return Boards(found.x[:, : max(1, longest)])


def features(boards: Boards, points: int) -> Tensor:
    """What a network reads: the points by their first coordinate, with room for `points`. (B, N, d), padding -1."""
    return by_first_coordinate(boards).padded(points)


# ---------------------------------------------------------------------------------------------------------------------
# Action codes


def actions(dimension: int) -> int:
    """Sets of at least two of d coordinates. GameError below 2."""
    if dimension < 2:
        raise GameError(f"the host needs at least 2 coordinates to choose from, not {dimension}")
    return int(2**dimension) - dimension - 1


@cache
def choices(dimension: int) -> Tensor:
    """The host's actions by code: (A, d) bool. The code of a set is its rank among the numbers sum 2^c that are no powers of two."""
    actions(dimension)
    numbers = torch.arange(2**dimension)
    bits = (numbers[:, None] >> torch.arange(dimension)) & 1  # (2^d, d)
    return bits[bits.sum(dim=1) >= 2].bool()


def code_of(chosen: Tensor) -> Tensor:
    """(..., d) bool -> the code: sum 2^c - floor(log2 of it) - 2. GameError for fewer than two coordinates."""
    if bool((chosen.sum(dim=-1) < 2).any()):
        raise GameError("the host must choose at least 2 coordinates")
    dimension = chosen.shape[-1]
    powers = 2 ** torch.arange(dimension, device=chosen.device)
    highest = torch.where(chosen.bool(), torch.arange(dimension, device=chosen.device), 0).amax(dim=-1)
    return (chosen.long() * powers).sum(dim=-1) - highest - 2


def mask_of(codes: Tensor, dimension: int) -> Tensor:
    """The coordinates that a host's action chooses: (B,) codes -> (d, B) bool."""
    return choices(dimension).to(codes.device)[codes].T


def legal(values: Tensor, chosen: Tensor) -> Tensor:
    """An agent's values (B, d) with the lowest number there is where a coordinate was not chosen; `chosen`: (B, d)."""
    return values.masked_fill(~chosen.bool(), torch.finfo(values.dtype).min)


def _gone(dtype: torch.dtype) -> float:
    floating: bool = dtype.is_floating_point
    return inf if floating else GONE
