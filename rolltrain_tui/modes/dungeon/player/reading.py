"""How worlds are put before a player, and how what it did becomes a command."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from rolltrain_tui.modes.dungeon.config_play import WritingConfig
from rolltrain_tui.modes.dungeon.games.rewards import Rewards
from rolltrain_tui.modes.dungeon.player.actions import cleaned
from rolltrain_tui.modes.dungeon.player.offers import Offers, read
from rolltrain_tui.modes.dungeon.player.policy import Taken
from rolltrain_tui.modes.dungeon.player.prompts import Memory, situation
from rolltrain_tui.modes.dungeon.player.vocabulary import Words
from rolltrain_tui.modes.dungeon.worlds.protocol import Observation


@dataclass(frozen=True, slots=True)
class Promise:
    """What a decision transformer is told that the game will still earn: a target, less what was gained so far.

    What moves have cost is not promised back: no game ever earned more from some point on than from its beginning.
    """

    target: float
    rewards: Rewards
    place: int
    """Place of the number in a text."""
    numbers: Callable[[float], int]
    """The vocabulary's number of a return."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`writing`: None where the player chooses among the commands on offer."""

    vocabulary: Words
    context: int
    """Words of a text and a command together, at most."""
    feedback: bool = False
    """Whether the text begins with what the last command did."""
    prefix: str = ""
    """Words in front of every text."""
    writing: WritingConfig | None = None
    promise: Promise | None = None

    def offers(self, seen: Sequence[Observation]) -> Offers:
        """What the player reads before it acts. Who writes is offered nothing."""
        return self._read(seen, [one.admissible if self.writing is None else ("",) for one in seen])

    def rated(self, seen: Sequence[Observation]) -> Offers:
        """The same, with the commands on offer, each ended by a stop where the player writes."""
        end = "" if self.writing is None else "."
        return self._read(seen, [[f"{command}{end}" for command in one.admissible] for one in seen])

    def written(self, seen: Sequence[Observation], commands: Sequence[str]) -> Offers:
        """What would be read had the player written these commands there."""
        return self._read(seen, [[f"{command}."] for command in commands])

    def _read(self, seen: Sequence[Observation], commands: Sequence[Sequence[str]]) -> Offers:
        reserved = 0 if self.writing is None else self.writing.words
        offers = read(self.vocabulary, [self.text(one) for one in seen], commands, self.context, self.prefix, reserved)
        if (promise := self.promise) is not None:
            offers.text[:, promise.place] = torch.tensor([promise.numbers(promise.target - one.gained) for one in seen])
        return offers

    def counted(self, before: Observation, command: str, now: Observation) -> Observation:
        """What is seen after a command, with what the game has gained by then, where that counts."""
        if self.promise is None:
            return now
        return now._replace(gained=before.gained + max(0.0, self.promise.rewards.of(before, command, now)))

    def new_memory(self, past: Sequence[str] = ()) -> Memory:
        """The memory of a game: it holds as many moves of the past as stand in a text."""
        memory = Memory(0 if self.writing is None else self.writing.memory)
        memory.load(past)
        return memory

    def text(self, seen: Observation) -> str:
        return "\n".join((*seen.past, self.situation(seen)))

    def situation(self, seen: Observation) -> str:
        """What it sees now, without the moves of the past."""
        if self.writing is None:
            told = f"{seen.description} {seen.inventory}"
            return f"{seen.feedback} {told}" if self.feedback else told
        told = f"{seen.feedback} {seen.description} " if self.feedback else f"{seen.description} "
        return situation(told, seen.inventory, seen.admissible, self.writing.form)

    def commands(self, taken: Taken, seen: Sequence[Observation]) -> list[str]:
        """What was chosen, or written: the first letters, digits and spaces of it; it need not be a command of the world."""
        if self.writing is None:
            return [one.admissible[picked] for one, picked in zip(seen, taken.action.tolist(), strict=True)]
        rows = zip(taken.offers.commands[:, 0].tolist(), taken.offers.words[:, 0].tolist(), strict=True)
        return [cleaned(self.vocabulary.text(numbers[:count])).strip(" .?") for numbers, count in rows]
