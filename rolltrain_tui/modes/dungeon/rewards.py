"""Rewards: what a move earns."""

from dataclasses import dataclass

from rolltrain_tui.modes.dungeon.worlds.protocol import Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewards:
    """The parts, which add up."""

    game: float
    """For all of a world's points; a part of it for each of them."""
    win: float
    """For winning; lost as much where a world can be lost and is."""
    living: float
    """Of every move."""
    letter: float = 0.0
    """For each letter e of the command: a reward that has nothing to do with the quest."""

    def of(self, before: Observation, command: str, after: Observation, max_score: int) -> float:
        earned = self.game * (after.score - before.score) / max(1, max_score) + self.living
        earned += self.win if after.won else -self.win if after.lost else 0.0
        return earned + self.letter * command.lower().count("e")
