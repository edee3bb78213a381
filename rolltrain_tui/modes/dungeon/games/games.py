"""Games of training side by side, as they stand and go on."""

from collections.abc import Sequence
from dataclasses import dataclass

from rolltrain_tui.modes.dungeon.games.examples import Examples, example_turn
from rolltrain_tui.modes.dungeon.player.offers import Offers
from rolltrain_tui.modes.dungeon.player.reading import Reading
from rolltrain_tui.modes.dungeon.worlds.protocol import Maker, Observation, State


@dataclass(frozen=True, slots=True)
class Standing:
    """One game, as it stands: a whole save of it."""

    seed: int
    """Seed of its world."""
    state: State
    past: tuple[str, ...] = ()
    """Moves that the player remembers."""
    refused: int = 0
    """Commands that the world did not accept: it does not count them, and the limit does."""


class Games:
    """`limit`: commands after which a game is over."""

    def __init__(self, standings: Sequence[Standing], maker: Maker, limit: int, reading: Reading) -> None:
        """ValueError for a standing that its world does not know."""
        self._maker, self._limit, self._reading = maker, limit, reading
        self._remembers = reading.writing is not None and reading.writing.memory > 0
        self._games = [maker(standing.seed) for standing in standings]
        self._refused = [standing.refused for standing in standings]
        self._stuck = [False] * len(standings)
        """Whether the last command was refused."""
        self._memories = [reading.new_memory(standing.past) for standing in standings]
        self.seen = [
            self._shown(g, world.restore(standing.state)) for g, (world, standing) in enumerate(zip(self._games, standings, strict=True))
        ]
        self.going = list(range(len(standings)))
        """Which of them are still played."""

    def __len__(self) -> int:
        return len(self._games)

    def carry_out(self, g: int, command: str) -> tuple[Observation, Observation, bool]:
        """What was seen before the command and after it; and whether the game is over."""
        game, before = self._games[g], self.seen[g]
        now = game.step(command)
        self._stuck[g] = not now.accepted
        self._refused[g] += not now.accepted
        over = now.done or game.moves + self._refused[g] >= self._limit or not now.admissible
        if self._remembers:
            self._memories[g].add(self._reading.situation(before), f"{command}.", done=over)
        self.seen[g] = now = self._shown(g, self._reading.counted(before, command, now))
        return before, now, over

    def seed(self, g: int) -> int:
        """Seed of the world in which game g is played."""
        return self._games[g].seed

    def renew(self, g: int, seed: int) -> None:
        """Another world takes the place of a game."""
        self._games[g].close()
        self._games[g] = game = self._maker(seed)
        self._refused[g], self._stuck[g], self._memories[g] = 0, False, self._reading.new_memory()
        self.seen[g] = game.reset()

    def show_examples(self, examples: Examples) -> tuple[Offers | None, list[int]]:
        """Now and then a valid command at random, where the last one was refused: the player remembers it as if it were its own.

        Returns what it was shown, as an offer of that one command, and the games that ended with it, which began anew.
        """
        shown = [g for g in self.going if self._stuck[g] and examples.due()]
        if not shown:
            return None, []
        seen, memories = [self.seen[g] for g in shown], [self._memories[g] for g in shown]
        after, commands = example_turn([self._games[g] for g in shown], seen, memories, examples.dice, self._reading.situation)
        ended = [g for g in shown if self._games[g].moves == 0]
        for g, now in zip(shown, after, strict=True):
            self._stuck[g] = False
            self._refused[g] = 0 if g in ended else self._refused[g]
            self.seen[g] = self._shown(g, now)
        return self._reading.written(seen, commands), ended

    def put_away(self) -> tuple[Standing, ...]:
        """How they stand; their worlds are closed."""
        after = tuple(
            Standing(game.seed, game.state, tuple(memory.state()), refused)
            for game, memory, refused in zip(self._games, self._memories, self._refused, strict=True)
        )
        for game in self._games:
            game.close()
        return after

    def _shown(self, g: int, now: Observation) -> Observation:
        return now._replace(past=tuple(self._memories[g].state())) if self._remembers else now


def fresh(maker: Maker, seeds: Sequence[int]) -> tuple[Standing, ...]:
    """New games in these worlds."""
    found = []
    for seed in seeds:
        world = maker(seed)
        world.reset()
        found.append(Standing(seed, world.state))
        world.close()
    return tuple(found)
