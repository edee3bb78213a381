"""Those who can sit at the table, by name; and whole matches between them.

A host sees boards and answers with action codes, (B,); an agent sees boards and the chosen coordinates, (d, B), and answers with one of
them, (B,). Chance is handed in: one number from 0 to 1 for each game and move, so that the same chance is the same game.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Generic, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor

from rolltrain_tui.modes.duel.game import Boards, Polytope, actions, after, choices, code_of, in_order, mask_of
from rolltrain_tui.training.tensors.precise import in_float64

PAIRS = 2**19
"""Differences of two points that are looked at at once."""


class Host(Protocol):
    def __call__(self, boards: Boards, chance: Tensor) -> Tensor: ...


class Agent(Protocol):
    def __call__(self, boards: Boards, chosen: Tensor, chance: Tensor) -> Tensor: ...


Moves = TypeVar("Moves", Host, Agent)


# ---------------------------------------------------------------------------------------------------------------------
# Hosts


def random_host(boards: Boards, chance: Tensor) -> Tensor:
    """Any set of at least two coordinates, each as likely."""
    count = actions(boards.dimension)
    return (chance * count).long().clamp(max=count - 1)


def random_pairs(boards: Boards, chance: Tensor) -> Tensor:
    """Any two coordinates, each pair as likely."""
    pairs = (choices(boards.dimension).sum(dim=1) == 2).nonzero().flatten().to(chance.device)
    return pairs[(chance * len(pairs)).long().clamp(max=len(pairs) - 1)]


def all_coordinates(boards: Boards, chance: Tensor) -> Tensor:
    """Always every coordinate."""
    return torch.full((len(boards),), actions(boards.dimension) - 1, device=boards.x.device)


def zeillinger(boards: Boards, chance: Tensor) -> Tensor:
    """Zeillinger's choice: of the two points that differ least, the coordinates in which they differ most, one to each side.

    Of all differences v of two points, that with the smallest (L, S): L = max v - min v, S = how often v is its maximum or its minimum.
    Points are taken in lexicographic order, the largest first; of equal pairs the first counts. Numbers are compared as they are. On
    shares of the largest, rounding breaks most ties, and that helps: with exact ties, as whole numbers have them, 5 % of the games
    against the agent that chooses first are not over after 100 moves, and else hardly 1 %.
    """
    ordered = in_order(boards)
    size = max(1, PAIRS // max(1, ordered.points * ordered.points * ordered.dimension // 2))
    return torch.cat([zeillinger_as_given(Boards(part)) for part in torch.split(ordered.x, size, dim=2)])


def zeillinger_as_given(boards: Boards) -> Tensor:
    """The same with the points in the order in which they stand. Games with less than two points answer 0."""
    dimension, count, games = boards.x.shape
    device = boards.x.device
    if count < 2:
        return torch.zeros(games, dtype=torch.long, device=device)
    alive = boards.alive
    x = boards.x.masked_fill(~alive, 0)
    first, second = torch.triu_indices(count, count, 1, device=device)  # (P,)
    v = x[:, first] - x[:, second]  # (d, P, B)
    wide, often = characteristic(v)
    wide = torch.where(alive[first] & alive[second], wide, torch.inf if x.is_floating_point() else torch.iinfo(x.dtype).max)
    smallest = wide == wide.amin(dim=0)
    pairs = len(first)
    place = torch.arange(pairs, device=device)[:, None]
    rank = torch.where(smallest, often * pairs + place, 3 * dimension * pairs).amin(dim=0) % pairs  # (B,): the first of the best
    best = v.gather(1, rank.expand(dimension, 1, -1))[:, 0]  # (d, B)
    low, high = _first(best == best.amin(dim=0)), _first(best == best.amax(dim=0))
    high = torch.where(low == high, torch.where(low == 0, 1, 0), high)  # all coordinates equal
    chosen = torch.zeros(games, dimension, dtype=torch.bool, device=device)
    chosen.scatter_(1, low[:, None], True).scatter_(1, high[:, None], True)
    return code_of(chosen)


def characteristic(v: Tensor) -> tuple[Tensor, Tensor]:
    """L and S of differences (d, ...): L = max - min, S = how many are the maximum plus how many are the minimum."""
    high, low = v.amax(dim=0), v.amin(dim=0)
    return high - low, (v == high).sum(dim=0) + (v == low).sum(dim=0)


def _first(true: Tensor) -> Tensor:
    """(d, B) bool -> (B,): the first coordinate where it is true."""
    places = torch.arange(len(true), device=true.device)[:, None]
    return torch.where(true, places, len(true)).amin(dim=0)


# ---------------------------------------------------------------------------------------------------------------------
# Agents


def random_agent(boards: Boards, chosen: Tensor, chance: Tensor) -> Tensor:
    """Any of the chosen coordinates, each as likely."""
    count = chosen.sum(dim=0)
    nth = (chance * count).long().clamp(max=chosen.shape[0] - 1).minimum(count - 1)
    return _first((chosen.cumsum(dim=0) == nth + 1) & chosen)


def choose_first(boards: Boards, chosen: Tensor, chance: Tensor) -> Tensor:
    """The lowest of the chosen coordinates."""
    return _first(chosen)


def choose_last(boards: Boards, chosen: Tensor, chance: Tensor) -> Tensor:
    """The highest of the chosen coordinates."""
    return chosen.shape[0] - 1 - _first(chosen.flip(0))


@dataclass(frozen=True, slots=True)
class Player(Generic[Moves]):
    """A fixed player."""

    name: str
    """As a campaign file says it."""
    title: str
    """As it stands inside a sentence."""
    move: Moves


HOSTS: Mapping[str, Player[Host]] = {
    player.name: player
    for player in (
        Player("random", "the random host", random_host),
        Player("random_pairs", "the host of random pairs", random_pairs),
        Player("all", "the host of all coordinates", all_coordinates),
        Player("zeillinger", "Zeillinger", zeillinger),
    )
}
AGENTS: Mapping[str, Player[Agent]] = {
    player.name: player
    for player in (
        Player("random", "the random agent", random_agent),
        Player("first", "the agent that chooses first", choose_first),
        Player("last", "the agent that chooses last", choose_last),
    )
}


# ---------------------------------------------------------------------------------------------------------------------
# Matches


class Rho(NamedTuple):
    """Finished games per move, over games that did not begin at their end. High: a strong host."""

    value: float
    standard_error: float
    unfinished: float
    """Share of the games that were stopped at the limit."""


@dataclass(frozen=True, slots=True)
class Match:
    """Some games, played to their end or to the limit."""

    moves: Tensor
    """(B,) int64: moves played."""
    finished: Tensor
    """(B,) bool."""

    def rho(self) -> Rho:
        moves, finished = in_float64(self.moves), in_float64(self.finished)
        steps = float(moves.sum())
        if not steps:
            return Rho(0.0, 0.0, 0.0)
        value = float(finished.sum()) / steps
        error = sqrt(float((finished - value * moves).square().sum())) / steps  # of a ratio of two means, to first order
        return Rho(value, error, 1 - float(finished.mean()))


@torch.no_grad()
def play(host: Host, agent: Agent, starts: Boards, limit: int, chance: Tensor, *, polytope: Polytope = "pareto") -> Match:
    """Play out every game, at most `limit` moves. `starts` have begun (`game.begun`). `chance`: uniform in [0, 1), (limit, 2, B)."""
    device = starts.x.device
    games = len(starts)
    moves = torch.zeros(games, dtype=torch.long, device=device)
    finished = starts.ended.clone()
    boards, place = starts, torch.arange(games, device=device)
    for turn in range(limit):
        going = ~boards.ended
        if not bool(going.all()):  # games that are over cost nothing from here on
            boards, place = boards.only(going), place[going]
        if not len(boards):
            break
        chosen = mask_of(host(boards, chance[turn, 0, place]), boards.dimension)
        axes = agent(boards, chosen, chance[turn, 1, place])
        boards = after(boards, chosen, axes, polytope=polytope)
        moves[place] += 1
        finished[place] = boards.ended
    return Match(moves, finished)


def chances(limit: int, games: int, stream: torch.Generator) -> Tensor:
    """What `play` needs: (limit, 2, games)."""
    return torch.rand(limit, 2, games, generator=stream, dtype=torch.float64)
