"""Who may sit down at a table: the networks of a campaign as they are now, and the fixed players."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

from rolltrain_tui.modes.duel.config import DuelConfig
from rolltrain_tui.modes.duel.experience import values_by
from rolltrain_tui.modes.duel.learner import DuelLearner
from rolltrain_tui.modes.duel.players.names import Role
from rolltrain_tui.modes.duel.players.players import AGENTS, HOSTS
from rolltrain_tui.modes.duel.table.position import Rules
from rolltrain_tui.modes.duel.table.seats import Seat, expert, fixed, network_seat

LONGEST = 500
"""Moves after which a game at a table is stopped, where the campaign would let it go on: par takes its time."""
NET, RIVAL = "net", "rival"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guests:
    """The players of each role; the networks come first."""

    rules: Rules
    hosts: tuple[Seat, ...]
    agents: tuple[Seat, ...]

    def of(self, role: Role) -> tuple[Seat, ...]:
        return self.hosts if role == "host" else self.agents

    @property
    def networks(self) -> tuple[Seat, ...]:
        return tuple(seat for seat in (*self.hosts, *self.agents) if seat.values is not None)

    def network(self, role: Role) -> Seat | None:
        """The first network of a role."""
        return next((seat for seat in self.networks if seat.role == role), None)

    def usual(self, role: Role) -> Seat:
        """Who takes this role where nobody was asked: a network if there is one, else the expert."""
        return self.network(role) or expert(role)


def fixed_guests(rules: Rules, networks: Sequence[Seat] = ()) -> Guests:
    """The fixed players, and some networks before them."""
    hosts = [*(seat for seat in networks if seat.role == "host"), *(fixed(name, "host") for name in HOSTS)]
    agents = [*(seat for seat in networks if seat.role == "agent"), *(fixed(name, "agent") for name in AGENTS)]
    return Guests(rules=rules, hosts=tuple(hosts), agents=tuple(agents))


def rules_of(config: DuelConfig) -> Rules:
    game = config.game
    limit = min(game.limit, LONGEST)
    return Rules(dimension=game.dimension, points=game.points, highest=game.highest, polytope=game.polytope, limit=limit)


def guests_of(learner: DuelLearner, when: str) -> Guests:
    """Those of a campaign between two turns. The networks are copies: training may go on. `when`: such as "turn 120"."""
    titles = {NET: f"the network of {when}", RIVAL: f"the rival of {when}"}
    networks = [
        network_seat(name, title, side.role, values_by(copy.deepcopy(side.nets.online).to("cpu").eval().requires_grad_(False)))
        for (name, title), side in zip(titles.items(), learner.sides, strict=False)  # the hero's comes first
    ]
    return fixed_guests(rules_of(learner.config), networks)
