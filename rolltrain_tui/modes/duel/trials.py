"""The fixed games of evaluations: starts, opponents and random numbers are the same each time and for every seed of a campaign.

Game i is start i // K against judge i % K, of K judges. So game i is the same however many are played.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from rolltrain_tui.modes.duel.config import GameConfig
from rolltrain_tui.modes.duel.experience import Games
from rolltrain_tui.modes.duel.game import Boards, joined
from rolltrain_tui.modes.duel.players.names import Role
from rolltrain_tui.modes.duel.players.players import AGENTS, HOSTS, Agent, Host, Match, chances, play
from rolltrain_tui.protocol.learner import Evaluation
from rolltrain_tui.training.state.streams import random_stream
from rolltrain_tui.training.tensors.precise import in_float64

BLOCK = 64
"""Starts that are drawn at once."""


class Trials:
    """What evaluations play. Twins share it."""

    def __init__(self, role: Role, game: GameConfig, judges: Sequence[str]) -> None:
        self.role, self.game, self.judges = role, game, list(dict.fromkeys(judges))
        self._blocks: list[tuple[Boards, Tensor]] = []

    def starts(self, starts: int) -> tuple[Boards, Tensor]:
        """The first `starts` starts, and their random numbers: (limit, 2, starts)."""
        while len(self._blocks) * BLOCK < starts:
            stream = random_stream(0, f"duel trials {len(self._blocks)}")
            boards = Games(self.role, self.game, "ending", BLOCK, self.judges).starts(BLOCK, stream)
            self._blocks.append((boards, chances(self.game.limit, BLOCK, stream)))
        used = self._blocks[: -(-starts // BLOCK)]
        boards, chance = joined([block[0] for block in used]), torch.cat([block[1] for block in used], dim=2)
        return boards.only(torch.arange(starts)), chance[:, :, :starts]

    def matches(self, count: int, player: Host | Agent) -> Mapping[str, Match]:
        """The first `count` games of a player of this role, by judge."""
        judges = len(self.judges)
        found = {}
        for number, name in enumerate(self.judges):
            if (starts := (count - number + judges - 1) // judges) < 1:
                continue
            boards, chance = self.starts(starts)
            found[name] = play(*seated(self.role, player, name), boards, self.game.limit, chance, polytope=self.game.polytope)
        return found

    def evaluation(self, count: int, player: Host | Agent) -> Evaluation:
        """The objective of each of the first `count` games: moves over the limit for a host, what is left to the limit for an agent."""
        values = [0.0] * count
        for name, match in self.matches(count, player).items():
            shares = (in_float64(match.moves) / self.game.limit).tolist()
            values[self.judges.index(name) :: len(self.judges)] = shares if self.role == "host" else [1 - share for share in shares]
        return Evaluation.of(values)


def seated(role: Role, player: Any, judge: str) -> tuple[Host, Agent]:
    """A player of this role, and a fixed one opposite."""
    return (player, AGENTS[judge].move) if role == "host" else (HOSTS[judge].move, player)
