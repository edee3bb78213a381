"""Example turns: valid commands at random, which stand in the memory of a model as if it had given them. They are no experience."""

from collections.abc import Sequence
from random import Random

from rolltrain_tui.modes.dungeon.prompts import Memory, offered, situation
from rolltrain_tui.modes.dungeon.worlds.protocol import Observation, World


def example_turn(worlds: Sequence[World], now: Sequence[Observation], memories: Sequence[Memory], dice: Random) -> list[Observation]:
    """One random admissible command in each game, ended by a stop. No reward is given, and a game that ends so begins anew."""
    after: list[Observation] = []
    for world, seen, memory in zip(worlds, now, memories, strict=True):
        command = dice.choice(offered(seen.admissible) or list(seen.admissible))
        told = situation(f"{seen.feedback}\n{seen.description}\n".lstrip("\n"), seen.inventory, seen.admissible)
        following = world.step(command)
        memory.add(told, f"{command}.", done=following.done)
        after.append(world.reset() if following.done else following)
    return after
