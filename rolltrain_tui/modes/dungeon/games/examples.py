"""Example turns: valid commands at random, which stand in the memory of a model as if it had given them. They are no experience."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from rolltrain_tui.modes.dungeon.player.prompts import Memory, offered, situation
from rolltrain_tui.modes.dungeon.worlds.protocol import Observation, World


@dataclass(frozen=True, slots=True)
class Examples:
    share: float
    """Chance of an example after a command that was refused."""
    dice: Random

    def due(self) -> bool:
        return self.dice.random() < self.share


def told_with_commands(seen: Observation) -> str:
    """What is seen as a prompt tells it, the possible commands named."""
    return situation(f"{seen.feedback}\n{seen.description}\n".lstrip("\n"), seen.inventory, seen.admissible)


def example_turn(
    worlds: Sequence[World],
    now: Sequence[Observation],
    memories: Sequence[Memory],
    dice: Random,
    told: Callable[[Observation], str] = told_with_commands,
) -> tuple[list[Observation], list[str]]:
    """One random admissible command in each game, ended by a stop: what is seen after it, and the command.

    `told`: how a prompt tells what is seen. No reward is given, and a game that ends so begins anew.
    """
    after: list[Observation] = []
    commands: list[str] = []
    for world, seen, memory in zip(worlds, now, memories, strict=True):
        command = dice.choice(offered(seen.admissible) or list(seen.admissible))
        following = world.step(command)
        memory.add(told(seen), f"{command}.", done=following.done)
        after.append(world.reset() if following.done else following)
        commands.append(command)
    return after, commands
