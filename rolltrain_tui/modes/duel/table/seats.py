"""Who sits at the table: fixed players, networks, and the person.

A seat reads shares of the largest coordinate, as in training, with the points in the order of the board. Zeillinger takes them in that
order: of pairs that differ equally little the first one counts. So his choice, par and the worst case are of one and the same player.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from rolltrain_tui.modes.duel.experience import Values, greedy_agent, greedy_host
from rolltrain_tui.modes.duel.game import Boards, by_first_coordinate, choices
from rolltrain_tui.modes.duel.players.names import Role
from rolltrain_tui.modes.duel.players.players import AGENTS, HOSTS, Agent, Host, zeillinger_as_given
from rolltrain_tui.modes.duel.table.position import Points, Position, shares

EXPERT = {"host": "zeillinger", "agent": "first"}
"""Whose play is par for a role: there is no expert among agents, so it is the one that chooses first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A player of one role."""

    name: str
    """As it is typed."""
    title: str
    """As it stands inside a sentence."""
    role: Role
    host: Host | None = None
    agent: Agent | None = None
    values: Values | None = None
    """Values of the moves, where the player is a network."""

    def names(self, position: Position, chance: Tensor) -> tuple[int, ...]:
        """The coordinates that a host names. `chance`: a random number, (1,)."""
        assert self.host is not None, "only a host names coordinates"
        code = int(self.host(shares(position.points), chance)[0])
        return tuple(choices(position.rules.dimension)[code].nonzero().flatten().tolist())

    def takes(self, position: Position, chosen: tuple[int, ...], chance: Tensor) -> int:
        """The coordinate that an agent takes."""
        assert self.agent is not None, "only an agent takes one of them"
        return int(self.agent(shares(position.points), mask(chosen, position.rules.dimension), chance)[0])


def fixed(name: str, role: Role) -> Seat:
    """A built-in player of a role, by name. KeyError."""
    if role == "agent":
        return Seat(name=name, title=AGENTS[name].title, role=role, agent=AGENTS[name].move)
    host = _as_given if name == "zeillinger" else HOSTS[name].move
    return Seat(name=name, title=HOSTS[name].title, role=role, host=host)


def expert(role: Role) -> Seat:
    """The player whose result is par."""
    return fixed(EXPERT[role], role)


def _as_given(boards: Boards, chance: Tensor) -> Tensor:
    return zeillinger_as_given(boards)


def network_seat(name: str, title: str, role: Role, values: Values) -> Seat:
    """A network, which always makes the move of highest value. It reads the points by their first coordinate."""

    def read(boards: Boards, chosen: Tensor | None) -> Tensor:
        with torch.no_grad():
            return values(by_first_coordinate(boards), chosen).float().cpu()

    if role == "host":
        return Seat(name=name, title=title, role=role, host=greedy_host(read), values=read)
    return Seat(name=name, title=title, role=role, agent=greedy_agent(read), values=read)


def mask(chosen: tuple[int, ...], dimension: int) -> Tensor:
    """(d, 1) bool."""
    found = torch.zeros(dimension, 1, dtype=torch.bool)
    found[list(chosen)] = True
    return found


def values_of(seat: Seat, points: Points, chosen: tuple[int, ...] | None, dimension: int) -> list[tuple[tuple[int, ...], float]]:
    """A network's value of each legal move, best first: the coordinates that a host names, or the one that an agent takes."""
    assert seat.values is not None, "only networks rate moves"
    if seat.role == "host":
        found = seat.values(shares(points), None)[0].tolist()
        moves = [tuple(row.nonzero().flatten().tolist()) for row in choices(dimension)]
    else:
        named = chosen or tuple(range(dimension))
        rated = seat.values(shares(points), mask(named, dimension).T)[0].tolist()
        moves, found = [(c,) for c in named], [rated[c] for c in named]
    return sorted(zip(moves, found, strict=True), key=lambda pair: -pair[1])
