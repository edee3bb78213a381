"""Games that are judged: who plays them, and how they went."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from rolltrain_tui.modes.dungeon.games.play import Act
from rolltrain_tui.modes.dungeon.player.reading import Reading
from rolltrain_tui.modes.dungeon.worlds.protocol import Observation, World


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a game went."""

    won: bool
    score: float
    """Part of the world's points, 0 to 1."""
    moves: int
    """Commands that were given, those that were refused among them."""
    par: int
    """Commands of the walkthrough."""
    again: int = 0
    """Moves after which room, things and inventory were as this game had shown them before."""
    commands: tuple[str, ...] = ()
    """Those that were given."""

    @property
    def efficiency(self) -> float:
        """Of a game that is won: the walkthrough's length over its own; else 0."""
        return self.par / self.moves if self.won and self.moves else 0.0


Chooser = Callable[[Sequence[Observation], Tensor], Sequence[str]]
"""Who plays: observations, and a random number in [0, 1) for each game, (B,) -> a command for each."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A model's seat at such games."""

    act: Act
    reading: Reading
    """What it is told of a game besides what it sees: its moves of the past, and what it has gained."""

    def __call__(self, seen: Sequence[Observation], chance: Tensor) -> Sequence[str]:
        return self.act(seen, chance).commands


def judged(worlds: Sequence[World], choose: Chooser, limit: int, chance: Tensor) -> list[Verdict]:
    """Plays each world from its beginning to its end or the limit. chance: random numbers in [0, 1), (limit, B)."""
    reading = choose.reading if isinstance(choose, Seat) else None
    memories = [] if reading is None else [reading.new_memory() for _ in worlds]
    seen = [world.reset() for world in worlds]
    again, sights = [0] * len(worlds), [{sight(now)} for now in seen]
    given: list[list[str]] = [[] for _ in worlds]
    going = list(range(len(worlds)))
    for move in range(limit):
        going = [g for g in going if not seen[g].done and seen[g].admissible]
        if not going:
            break
        commands = choose([seen[g] for g in going], chance[move, going])
        for g, command in zip(going, commands, strict=True):
            now = worlds[g].step(command)
            again[g] += sight(now) in sights[g]
            sights[g].add(sight(now))
            now = now if reading is None else reading.counted(seen[g], command, now)
            if reading is not None and reading.writing is not None:
                memories[g].add(reading.situation(seen[g]), f"{command}.", done=now.done)
                now = now._replace(past=tuple(memories[g].state()))
            seen[g] = now
            given[g].append(command)
    return [
        Verdict(now.won, now.score / max(1, world.max_score), len(commands), len(world.walkthrough), circled, tuple(commands))
        for world, now, commands, circled in zip(worlds, seen, given, again, strict=True)
    ]


def sight(now: Observation) -> tuple[str, str]:
    """What a player without a memory goes by."""
    return now.description, now.inventory


def at_random(seen: Sequence[Observation], chance: Tensor) -> Sequence[str]:
    """Any command that is offered, each as likely."""
    return [one.admissible[int(u * len(one.admissible))] for one, u in zip(seen, chance.tolist(), strict=True)]
