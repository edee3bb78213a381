"""The fixed worlds of examinations. Worlds and random numbers are the same each time and for every seed of a campaign."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from typing import Literal

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.exam.judging import Chooser, Verdict, at_random, judged
from rolltrain_tui.modes.dungeon.worlds.protocol import Maker, World
from rolltrain_tui.protocol.learner import Evaluation
from rolltrain_tui.training.state.streams import random_stream

Measure = Literal["moves", "score", "success"]
"""moves: moves used, as a share of the limit, all of it where the world is not won. score: points that are missed. success: worlds won."""
BLOCK = 64
"""Worlds whose random numbers are drawn at once. World i has the same numbers however many are played."""
UNSEEN = 1_000_000_000
"""Seeds of the unseen worlds begin here; those of training are below."""


class Exam:
    """What evaluations play. Copies of a learner share it."""

    def __init__(self, maker: Maker, limit: int, measure: Measure, unseen: Maker | None = None) -> None:
        """`unseen` makes the worlds from UNSEEN on, where they are others than those of training."""
        self.maker, self.limit, self.measure, self.unseen = maker, limit, measure, unseen or maker
        self._worlds: dict[int, World] = {}
        self._chance: list[Tensor] = []

    def verdicts(self, count: int, choose: Chooser, *, first: int = UNSEEN) -> list[Verdict]:
        """How a player does in `count` worlds, from seed `first` on."""
        while len(self._chance) * BLOCK < count:
            stream = random_stream(0, f"dungeon exam {len(self._chance)}")
            self._chance.append(torch.rand(self.limit, BLOCK, generator=stream, dtype=torch.float64))
        worlds = [self._world(first + n) for n in range(count)]
        return judged(worlds, choose, self.limit, torch.cat(self._chance, dim=1)[:, :count])

    def _world(self, seed: int) -> World:
        if seed not in self._worlds:
            self._worlds[seed] = self.unseen(seed) if seed >= UNSEEN else self.maker(seed)
        return self._worlds[seed]

    def bound(self, count: int) -> float:
        """The value of playing every walkthrough."""
        if self.measure != "moves":
            return 1.0 if self.measure == "success" else 0.0
        return fsum(len(self._world(UNSEEN + n).walkthrough) for n in range(count)) / count / self.limit

    def chance(self, count: int) -> float:
        """The value of commands at random."""
        return self.evaluation(self.verdicts(count, at_random)).value

    def values(self, verdicts: Sequence[Verdict]) -> list[float]:
        """The value of each world, in the measure's unit."""
        if self.measure == "success":
            return [float(verdict.won) for verdict in verdicts]
        if self.measure == "score":
            return [1 - verdict.score for verdict in verdicts]
        return [verdict.moves / self.limit if verdict.won else 1.0 for verdict in verdicts]

    def lost(self, values: Sequence[float]) -> float:
        """Part of the worlds that was not won, by their values; where points are measured, that were not won with all of them."""
        worst = 0.0 if self.measure == "success" else 1.0
        missed = (value > 0 if self.measure == "score" else value == worst for value in values)
        return sum(missed) / max(1, len(values))

    def evaluation(self, verdicts: Sequence[Verdict], gflop: float = 0.0) -> Evaluation:
        return Evaluation.of(self.values(verdicts), gflop)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a player stands in some worlds."""

    success: float
    score: float
    efficiency: float
    """Mean over the worlds that were won; 0 where none was."""

    @classmethod
    def of(cls, verdicts: Sequence[Verdict]) -> "Standing":
        won = [verdict.efficiency for verdict in verdicts if verdict.won]
        count = len(verdicts)
        return cls(len(won) / count, fsum(verdict.score for verdict in verdicts) / count, fsum(won) / len(won) if won else 0.0)

    def __str__(self) -> str:
        return f"{self.success:.0%} won, efficiency {self.efficiency:.2f}"
