"""Games that a person won, as lessons: for some turns the model imitates their commands, beside what it learns from its own games."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.player.reading import Reading
from rolltrain_tui.modes.dungeon.worlds.protocol import Maker, Observation

TURNS = 24
"""Turns for which a game is imitated."""
WEIGHT = 0.5
"""Weight of the game's cross-entropy in the loss."""


@dataclass(frozen=True, slots=True)
class Demonstration:
    seed: int
    picks: tuple[int, ...]
    """The place of each command among those on offer, from 1."""
    until: int
    """The first turn in which it is not imitated any more."""

    @classmethod
    def read(cls, order: str, until: int) -> Self:
        """Inverse of `spelling.spelled`; ValueError."""
        seed, *picks = map(int, order.split(","))
        return cls(seed, tuple(picks), until)

    def state(self) -> list[Any]:
        """As JSON values."""
        return [self.seed, list(self.picks), self.until]

    @classmethod
    def from_state(cls, state: Sequence[Any]) -> Self:
        """Inverse of `state`."""
        seed, picks, until = state
        return cls(seed, tuple(picks), until)

    def moves(self, maker: Maker) -> list[tuple[Observation, int]]:
        """What was seen before each command, and the command's place from 0; [] where the game is not won so."""
        world = maker(self.seed)
        seen, found = world.reset(), []
        for pick in self.picks:
            if not 1 <= pick <= len(seen.admissible):
                break
            found.append((seen, pick - 1))
            seen = world.step(seen.admissible[pick - 1])
        world.close()
        return found if seen.won and len(found) == len(self.picks) else []


def lessons(shown: Sequence[Demonstration], maker: Maker, reading: Reading) -> Mapping[str, Tensor] | None:
    """All of their moves as columns, one row a move: offers, and `action` (N,), which of their commands it is. None where there is none."""
    moves = [move for one in shown for move in one.moves(maker)]
    if not moves:
        return None
    seen, places = zip(*moves, strict=True)
    if reading.writing is None:
        return reading.offers(seen).columns() | {"action": torch.tensor(places)}
    written = reading.written(seen, [one.admissible[place] for one, place in moves])
    return written.columns() | {"action": torch.zeros(len(moves), dtype=torch.long)}
