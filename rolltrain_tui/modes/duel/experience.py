"""Where experience comes from: games of training that are played side by side, each against one opponent of the pool.

Shapes: G games side by side, N points, d coordinates. A row of the replay buffer is one transition of the role that learns:

    before, after       (N, d)  the points it saw, and those it saw next; padding -1
    chosen, chosen_after (d)    an agent's legal coordinates then; of a host, all true
    action              ()      a code of a host, a coordinate of an agent
    reward, over        ()      of the move
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rolltrain_tui.modes.duel.config import GameConfig
from rolltrain_tui.modes.duel.game import Boards, after, begun, check_hope, choices, code_of, joined, legal, mask_of
from rolltrain_tui.modes.duel.players.names import Role
from rolltrain_tui.modes.duel.players.players import Agent, Host, random_agent, random_host
from rolltrain_tui.modes.duel.qlearning import explored
from rolltrain_tui.modes.duel.rewards import rewards_of
from rolltrain_tui.training.tensors.precise import in_float64

Values = Callable[[Boards, Tensor | None], Tensor]
"""A network's values of the moves: boards and an agent's legal coordinates (B, d) -> (B, A)."""


def columns(game: GameConfig) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    """The columns of the replay buffer: shape of a row, dtype."""
    points = (game.points, game.dimension)
    return {
        "before": (points, torch.float32),
        "after": (points, torch.float32),
        "chosen": ((game.dimension,), torch.bool),
        "chosen_after": ((game.dimension,), torch.bool),
        "action": ((), torch.int64),
        "reward": ((), torch.float32),
        "over": ((), torch.bool),
    }


def values_by(net: nn.Module) -> Values:
    """The values by a forward pass of the network's modules."""

    @torch.no_grad()
    def values(boards: Boards, chosen: Tensor | None) -> Tensor:
        found: Tensor = net(boards.padded().float(), None if chosen is None else chosen.float())
        return found

    return values


def greedy_host(values: Values) -> Host:
    """A network's seat as host: the move of highest value."""
    return lambda boards, chance: values(boards, None).argmax(dim=1)


def greedy_agent(values: Values) -> Agent:
    """A network's seat as agent: the legal coordinate of highest value."""

    def agent(boards: Boards, chosen: Tensor, chance: Tensor) -> Tensor:
        return legal(values(boards, chosen.T), chosen.T).argmax(dim=1)

    return agent


def read_by(role: Role) -> tuple[str, ...]:
    """Columns that a role learns from. The legal coordinates are left out for a host, to whom all are legal."""
    own = ("before", "after", "action", "reward", "over")
    return own if role == "host" else (*own, "chosen", "chosen_after")


@dataclass(frozen=True, slots=True)
class Tables:
    """The games as they stand. Never changed in place: an earlier state can be put back."""

    boards: Boards
    opponent: Tensor
    """(G,) int64: the opponent's number among the names of the pool."""
    moves: Tensor
    """(G,) int64."""
    chosen: Tensor
    """(d, G) bool: of an agent's games, what the host has chosen already; of a host's, all true."""


class Games:
    """The games of one role: how they begin, and how they go on."""

    def __init__(self, role: Role, game: GameConfig, reward: str, games: int, pool: Sequence[str]) -> None:
        """`pool`: names of the opponents; one that stands in it twice is drawn twice as often."""
        self.role, self.game, self.reward, self.count, self.pool = role, game, reward, games, pool
        self.names = list(dict.fromkeys(pool))
        self._drawn = torch.tensor([self.names.index(name) for name in pool])
        self.explored = 0.0
        """Part of the last moves that were random."""

    def starts(self, count: int, stream: torch.Generator) -> Boards:
        """`count` games that are not over before they begin. GameError where such games are hardly ever drawn."""
        game, found = self.game, []
        missing, draws = count, 0
        while missing:
            drawn = Boards.random(missing + 4, game.points, game.dimension, game.highest, stream)
            boards = begun(drawn, polytope=game.polytope)
            boards = boards.only((~boards.ended).nonzero().flatten()[:missing])
            missing -= len(boards)
            draws += len(drawn)
            check_hope(draws, count - missing, game.points, game.dimension, game.highest)
            found.append(boards)
        return joined(found)

    def fresh(self, opponents: Mapping[str, Any], stream: torch.Generator) -> Tables:
        """All games at their first move. `opponents`: players of the other side, by the names of the pool."""
        boards = self.starts(self.count, stream)
        opponent = self._drawn[torch.randint(len(self.pool), (self.count,), generator=stream)]
        if self.role == "host":
            chosen = torch.ones(self.game.dimension, self.count, dtype=torch.bool)
        else:
            chosen = self._chosen(boards, opponent, opponents, torch.rand(self.count, generator=stream, dtype=torch.float64))
        return Tables(boards, opponent, torch.zeros(self.count, dtype=torch.long), chosen)

    def _chosen(self, boards: Boards, opponent: Tensor, hosts: Mapping[str, Host], chance: Tensor) -> Tensor:
        """What each game's host chooses: (d, G)."""
        codes = torch.zeros(len(boards), dtype=torch.long)
        for name, own in self._by_opponent(opponent):
            codes[own] = hosts[name](boards.only(own), chance[own])
        return mask_of(codes, boards.dimension)

    def _by_opponent(self, opponent: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Each opponent that has games, by name, and the numbers of those games."""
        for number, name in enumerate(self.names):
            if len(own := (opponent == number).nonzero().flatten()):
                yield name, own

    @torch.no_grad()
    def move(
        self,
        tables: Tables,
        player: Any,
        epsilon: float,
        opponents: Mapping[str, Any],
        stream: torch.Generator,
    ) -> tuple[Tables, dict[str, Tensor]]:
        """One move of every game: where they stand then, and the transitions. Only `player`, the role that learns, explores."""
        boards, count, game = tables.boards, self.count, self.game
        chance = torch.rand(3, count, generator=stream, dtype=torch.float64)
        self.explored = in_float64(chance[0] < epsilon).mean().item()
        if self.role == "host":
            action = explored(player(boards, chance[0]), lambda u: random_host(boards, u), epsilon, chance[0])
            chosen = mask_of(action, game.dimension)
            axes = torch.zeros(count, dtype=torch.long)
            for name, own in self._by_opponent(tables.opponent):
                axes[own] = opponents[name](boards.only(own), chosen[:, own], chance[1, own])
        else:
            chosen = tables.chosen
            greedy = player(boards, chosen, chance[0])
            action = axes = explored(greedy, lambda u: random_agent(boards, chosen, u), epsilon, chance[0])
        then = after(boards, chosen, axes, polytope=game.polytope)
        over = then.ended
        chosen_after = tables.chosen if self.role == "host" else self._chosen(then, tables.opponent, opponents, chance[2])
        rows = {
            "before": boards.padded(game.points),
            "after": then.padded(game.points),
            "chosen": tables.chosen.T,
            "chosen_after": chosen_after.T,
            "action": action,
            "reward": rewards_of(self.reward, self.role, boards, then),
            "over": over,
        }
        now = Tables(then, tables.opponent, tables.moves + 1, chosen_after)
        return self._begun_anew(now, (over | (now.moves >= game.limit)).nonzero().flatten(), opponents, stream), rows

    def _begun_anew(self, now: Tables, ending: Tensor, opponents: Mapping[str, Any], stream: torch.Generator) -> Tables:
        """Games that are over, or have come to the limit, begin anew against an opponent drawn for the whole game."""
        if not len(ending):
            return now
        new = Games(self.role, self.game, self.reward, len(ending), self.pool).fresh(opponents, stream)
        place = torch.arange(self.count)
        place[ending] = self.count + torch.arange(len(ending))
        opponent, moves, chosen = now.opponent.clone(), now.moves.clone(), now.chosen.clone()
        opponent[ending], moves[ending], chosen[:, ending] = new.opponent, 0, new.chosen
        return Tables(joined([now.boards, new.boards]).only(place), opponent, moves, chosen)


def without_empty_places(rows: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same transitions, with as many places for points as the longest board of these needs."""
    longest = max(1, int((rows["before"][:, :, 0] >= 0).sum(dim=1).max()))  # a move adds no point
    return {**rows, **{name: rows[name][:, :longest] for name in ("before", "after")}}


def renumbered(rows: Mapping[str, Tensor], role: Role, stream: torch.Generator) -> dict[str, Tensor]:
    """The same transitions with the coordinates of each renumbered at random, and the points in the order that follows."""
    count, points, dimension = rows["before"].shape
    order = torch.rand(count, dimension, generator=stream).argsort(dim=1)  # (B, d): coordinate j of the new is order[j] of the old
    told = dict(rows)
    for name in ("before", "after"):
        told[name] = _by_first(rows[name].gather(2, order[:, None].expand(-1, points, -1)))
    for name in ("chosen", "chosen_after"):
        if name in rows:
            told[name] = rows[name].gather(1, order)
    if role == "host":
        told["action"] = code_of(choices(dimension)[rows["action"]].gather(1, order))
    else:
        told["action"] = order.argsort(dim=1).gather(1, rows["action"][:, None])[:, 0]
    return told


def _by_first(points: Tensor) -> Tensor:
    """(B, N, d), padding -1: the points in falling order of their first coordinate."""
    place = points[:, :, 0].argsort(dim=1, descending=True, stable=True)
    return points.gather(1, place[:, :, None].expand_as(points))
