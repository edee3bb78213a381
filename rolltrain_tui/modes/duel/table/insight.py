"""What can be known about a position: every answer of the agent, what an expert makes of the start, and the longest game there is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rolltrain_tui.modes.duel.game import Boards, Polytope, choices, mask_of, newton_polytope, rescale, shift
from rolltrain_tui.modes.duel.players.players import zeillinger_as_given
from rolltrain_tui.modes.duel.table.position import Move, Position
from rolltrain_tui.modes.duel.table.seats import Seat

WIDEST = 4_000
"""Different boards of one move that the search for the worst case holds at most."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a game ended."""

    moves: int
    over: bool
    """False: it was stopped at the limit."""


def answers(position: Position, chosen: Sequence[int]) -> list[Move]:
    """What each answer of the agent would do: one move for each coordinate named. IllegalMoveError."""
    return [position.play(chosen, axis).moves[-1] for axis in position.check_host(chosen)]


def all_answers(position: Position) -> Iterator[tuple[tuple[int, ...], list[Move]]]:
    """The same for every set that a host may name, one after the other: there may be hundreds."""
    for row in choices(position.rules.dimension):
        chosen = tuple(row.nonzero().flatten().tolist())
        yield chosen, answers(position, chosen)


def played_out(position: Position, host: Seat, agent: Seat, chance: Tensor) -> Outcome:
    """Two players finish a game. `chance`: random numbers (limit, 2, 1) for each move from the first of the game."""
    while not position.stopped:
        own = chance[len(position.moves)]
        chosen = host.names(position, own[0])
        position = position.play(chosen, agent.takes(position, chosen, own[1]))
    return Outcome(len(position.moves), position.over)


def worst_case(position: Position, stopped: Callable[[], bool] = lambda: False) -> int | None:
    """Moves of the longest game that any agent can force against Zeillinger from here. None: too many boards to look at, or none ends.

    All answers of the agent to all boards of a move are looked at side by side; equal boards are looked at once.
    """
    points = Boards.of(torch.tensor([position.points], dtype=torch.float64))
    for moves in range(position.rules.limit + 1):
        points = points.only(~points.ended)
        if not len(points):
            return moves
        if len(points) > WIDEST or stopped():
            return None
        points = _all_answers(points, position.rules.polytope)
    return None


def _all_answers(boards: Boards, polytope: Polytope) -> Boards:
    """Every board that an agent can make of these after Zeillinger's choice, each once. (d, N, B) float64 -> (d, N, B')."""
    chosen = mask_of(zeillinger_as_given(rescale(boards).to(dtype=torch.float32)), boards.dimension)  # (d, B)
    axes, games = chosen.nonzero(as_tuple=True)
    after = newton_polytope(shift(boards.only(games), chosen[:, games], axes), polytope)
    order = after.alive.int().argsort(dim=0, descending=True, stable=True)  # living points first, in their order
    packed = after.x.gather(1, order.expand(boards.dimension, -1, -1))[:, : max(1, int(after.counts.max()))]
    once: Tensor = torch.unique(packed.flatten(0, 1), dim=1)
    return Boards(once.view(*packed.shape[:2], -1))
