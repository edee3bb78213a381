"""Who sits on the other side in games of training: fixed players, and where both roles learn, networks as they are and as they were."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from torch import nn

from rolltrain_tui.modes.duel.players.names import OLDER, RIVAL, Role
from rolltrain_tui.modes.duel.players.players import AGENTS, HOSTS
from rolltrain_tui.modes.duel.players.saved import Saved, saved_seat
from rolltrain_tui.modes.duel.side import Side


class Pool:
    """The opponents of each role, by name."""

    def __init__(self, sides: Sequence[Side], copies: int, saved: Saved) -> None:
        """`sides`: the roles that learn. `copies`: older selves that are kept of each. `saved`: networks of other runs."""
        self.sides, self.copies, self.saved = sides, copies, saved
        self.older: dict[str, nn.Module] = {}
        """Older selves, by names such as older.host.0: never changed, only replaced."""

    def against(self, role: Role) -> Mapping[str, Any]:
        """The players on the other side of a role."""
        if role == "host":
            fixed: dict[str, Any] = {name: row.move for name, row in AGENTS.items()}
        else:
            fixed = {name: row.move for name, row in HOSTS.items()}
        fixed |= {name: saved_seat(own, net) for (own, name), net in self.saved.items() if own != role}
        for side in self.sides:
            if side.role != role:  # before there are older selves, they are the network as it is now
                now = side.seat(side.nets.online)
                older = [self.older.get(f"{OLDER}.{side.role}.{number}") for number in range(self.copies)]
                return fixed | {RIVAL: now} | {f"{OLDER}.{n}": now if net is None else side.seat(net) for n, net in enumerate(older)}
        return fixed

    def keep(self, number: int) -> None:
        """Copies of the networks as they are now; the newest take the place of the oldest."""
        for side in self.sides:
            kept = copy.deepcopy(side.nets.online).eval().requires_grad_(False)
            self.older = {**self.older, f"{OLDER}.{side.role}.{number % self.copies}": kept}
