"""Games that a mind plays by itself, move by move with its probabilities; trajectories for a record."""

from collections.abc import Iterator
from math import log
from random import Random

from rolltrain_tui.modes.dungeon.table.rival import Mind, drawn
from rolltrain_tui.modes.dungeon.table.sitting import Sitting, Told
from rolltrain_tui.modes.dungeon.worlds.protocol import World


def watched(world: World, mind: Mind, limit: int) -> tuple[Sitting, Iterator[tuple[Told, float]]]:
    """A game, and its moves with the probability of each; it goes on while they are taken. The same world gives the same game.

    Each row of its record also has `probability`, `logprob` (nats) and what else was possible.
    """
    sitting, dice = Sitting(world), Random(f"watched {world.title}").random

    def moves() -> Iterator[tuple[Told, float]]:
        while sitting.seen.admissible and world.moves < limit:
            offered = sitting.seen.admissible
            chances = mind.probabilities(world, sitting.seen)
            taken = drawn(chances, dice())
            told = sitting.play(offered[taken])
            sitting.record[-1] |= {
                "probability": chances[taken],
                "logprob": log(chances[taken]),
                "probabilities": dict(zip(offered, chances, strict=True)),
            }
            yield told, chances[taken]

    return sitting, moves()
