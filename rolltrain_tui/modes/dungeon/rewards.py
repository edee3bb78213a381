"""Rewards: what a move earns, by the components of a campaign."""

from collections.abc import Sequence
from dataclasses import dataclass

from rolltrain_tui.modes.dungeon.components import Component, Outcome, reward
from rolltrain_tui.modes.dungeon.worlds.protocol import Observation


@dataclass(frozen=True, slots=True)
class Rewards:
    """`chain`: the parts, which add up; the last one may shift and scale their sum."""

    chain: Sequence[Component]

    def of(self, before: Observation, command: str, after: Observation) -> float:
        outcome = Outcome(
            command=command,
            score_before=before.score,
            score=after.score,
            accepted=after.accepted,
            won=after.won,
            lost=after.lost,
        )
        return reward(self.chain, outcome)
