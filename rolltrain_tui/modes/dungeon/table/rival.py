"""Who plays beside the player in a race: the same world, one command for each of the player's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from rolltrain_tui.modes.dungeon.worlds.protocol import Observation, World
from rolltrain_tui.modes.dungeon.worlds.settings import unknown

LEAST = 0.005
"""Probability below which a command that was not taken is not worth telling."""


class Mind(Protocol):
    """Gives each admissible command its probability; they sum to 1. A trained model answers it, and so do the two below."""

    name: str

    def probabilities(self, world: World, seen: Observation) -> Sequence[float]: ...


class RandomMind:
    """Every command alike: the measure of what luck is worth."""

    name = "random play"

    def probabilities(self, world: World, seen: Observation) -> Sequence[float]:
        return [1 / len(seen.admissible)] * len(seen.admissible)


class GuideMind:
    """A shortest way: it knows the world."""

    name = "the guide"

    def probabilities(self, world: World, seen: Observation) -> Sequence[float]:
        best = world.advice
        return [float(command == best) for command in seen.admissible]


MINDS: Mapping[str, type[RandomMind] | type[GuideMind]] = {"random": RandomMind, "guide": GuideMind}


def mind_of(name: str) -> Mind:
    """ValueError for an unknown name."""
    if name not in MINDS:
        raise ValueError(f"{unknown('rival', name, tuple(MINDS))}, or name a run of kind dungeon")
    return MINDS[name]()


def drawn(chances: Sequence[float], u: float) -> int:
    """The place that a number from [0, 1) falls on; the last possible one where rounding leaves a gap."""
    for n, chance in enumerate(chances):
        u -= chance
        if u < 0:
            return n
    return max(n for n, chance in enumerate(chances) if chance > 0)


@dataclass(frozen=True, slots=True)
class Choice:
    """A move of the rival."""

    command: str
    probability: float
    others: tuple[tuple[str, float], ...]
    """The likeliest commands that it did not take, the likeliest first."""
    score: int
    done: bool
    won: bool


class Rival:
    """A game of a mind in a world of its own, which must be a copy of the player's."""

    def __init__(self, mind: Mind, world: World) -> None:
        self.mind, self.world = mind, world
        self._dice = Random(f"rival {world.title}").random
        self.seen = world.reset()
        self.choices: list[Choice] = []

    def move(self) -> Choice | None:
        """Takes one command, drawn by its probabilities; None after the end."""
        offered = self.seen.admissible
        if self.seen.done or not offered:
            return None
        chances = self.mind.probabilities(self.world, self.seen)
        taken = drawn(chances, self._dice())
        others = sorted(
            ((offered[n], chance) for n, chance in enumerate(chances) if n != taken and chance >= LEAST), key=lambda pair: -pair[1]
        )
        self.seen = self.world.step(offered[taken])
        choice = Choice(offered[taken], chances[taken], tuple(others[:3]), self.seen.score, self.seen.done, self.seen.won)
        self.choices.append(choice)
        return choice
