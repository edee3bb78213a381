"""Rewards: what a move earns, by the components of a campaign."""

from collections.abc import Sequence
from dataclasses import dataclass

from rolltrain_tui.modes.dungeon.games.components import Component, Outcome, parts, reward
from rolltrain_tui.modes.dungeon.worlds.protocol import Observation


@dataclass(frozen=True, slots=True)
class Rewards:
    """`chain`: the parts, which add up; the last one may shift and scale their sum."""

    chain: Sequence[Component]

    def of(self, before: Observation, command: str, after: Observation) -> float:
        return reward(self.chain, Outcome.of(before, command, after))

    def parts(self, before: Observation, command: str, after: Observation) -> dict[str, float]:
        """What each component adds, by its name; the reward is their sum."""
        added = parts(self.chain, Outcome.of(before, command, after))
        return {component.name: value for component, value in zip(self.chain, added, strict=True)}
