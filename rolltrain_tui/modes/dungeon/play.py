"""Playing for experience: games of training side by side, and what a player noted of each move.

Shapes: G games, N moves of all of them, game by game in their order; T tokens of an action.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.choice import Choice
from rolltrain_tui.modes.dungeon.choice import joined as joined_choices
from rolltrain_tui.modes.dungeon.offers import Offers, joined, read
from rolltrain_tui.modes.dungeon.policy import Seen, drawn
from rolltrain_tui.modes.dungeon.rewards import Rewards
from rolltrain_tui.modes.dungeon.vocabulary import Words
from rolltrain_tui.modes.dungeon.worlds.protocol import Maker, Observation, State, World

Look = Callable[[Offers], Seen]
"""What a player makes of what it is offered."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One game, as it stands: a whole save of it."""

    seed: int
    """Of its world."""
    state: State


@dataclass(frozen=True, slots=True)
class Reading:
    """How worlds are put before a player."""

    vocabulary: Words
    context: int
    """Words of a text and a command together, at most."""
    feedback: bool = False
    """Whether the text begins with what the last command did."""
    prefix: str = ""
    """Words in front of every text."""

    def offers(self, seen: Sequence[Observation]) -> Offers:
        texts, commands = [self.text(one) for one in seen], [one.admissible for one in seen]
        return read(self.vocabulary, texts, commands, self.context, self.prefix)

    def text(self, seen: Observation) -> str:
        told = f"{seen.description} {seen.inventory}"
        return f"{seen.feedback} {told}" if self.feedback else told


@dataclass(frozen=True, slots=True)
class Played:
    """Moves that were played, game by game, with what was thought of them then."""

    offers: Offers
    """(N, ...)"""
    action: Tensor
    """(N,) int64"""
    choice: Choice
    """(N, T) each"""
    mask: Tensor
    """(N, T) bool"""
    score: Tensor
    """(N,) rewards."""
    over: Tensor
    """(N,) bool: the game ended with this move."""
    game: Tensor
    """(N,) int64: which of the games."""
    move: Tensor
    """(N,) int64: its number among that game's."""
    last_value: Tensor
    """(G,) of what comes after the last move; of no meaning where that ended a game."""
    standings: tuple[Standing, ...]
    """Of the games, after it."""
    finished: int
    """Games that ended."""
    won: int

    def table(self, column: Tensor) -> Tensor:
        """One row a game, (G, M, ...) for the longest, 0 or false behind the end of a shorter one."""
        table = column.new_zeros(len(self.last_value), int(self.move.max()) + 1, *column.shape[1:])
        table[self.game, self.move] = column
        return table

    def rows(self, table: Tensor) -> Tensor:
        """Inverse of `table`."""
        return table[self.game, self.move]


def play(
    standings: Sequence[Standing],
    moves: int,
    maker: Maker,
    reading: Reading,
    look: Look,
    rewards: Rewards,
    limit: int,
    chance: Tensor,
    worlds: Tensor | None,
    *,
    stop: Callable[[], None] = lambda: None,
) -> Played:
    """Goes on with the games: `moves` moves of each. A game that is over, or has come to the limit, makes room for a new world.

    `chance` (G, moves): what commands are drawn by. `worlds` (G, moves): the seeds of the new worlds, where one is needed; None: no new
    worlds, each game is played once to its end. `stop` may raise.
    """
    games = [maker(standing.seed) for standing in standings]
    seen = [game.restore(standing.state) for game, standing in zip(games, standings, strict=True)]
    going = list(range(len(games)))
    shown: list[Offers] = []
    noted: list[tuple[Tensor, Choice]] = []
    earned, ended, places = [], [], []
    finished = won = 0
    for m in range(moves):
        if not going:
            break
        stop()
        offers = reading.offers([seen[g] for g in going])
        found = look(offers)
        action = drawn(found.logits, chance[going, m])
        shown.append(offers)
        noted.append((action, found.of(action)))
        for g, picked in zip(tuple(going), action.tolist(), strict=True):
            game, before = games[g], seen[g]
            command = before.admissible[picked]
            now = game.step(command)
            over = now.done or game.moves >= limit or not now.admissible
            earned.append(rewards.of(before, command, now))
            ended.append(over)
            places.append((g, m))
            if over:
                finished, won = finished + 1, won + now.won
                if worlds is None:
                    going.remove(g)
                else:
                    game.close()
                    games[g] = game = maker(int(worlds[g, m]))
                    now = game.reset()
            seen[g] = now
    last = torch.zeros(len(games))
    if going:
        last[going] = look(reading.offers([seen[g] for g in going])).values.float()
    after = tuple(Standing(game.seed, game.state) for game in games)
    for game in games:
        game.close()
    order = torch.tensor([row for _, row in sorted((place, row) for row, place in enumerate(places))])  # rows came move by move
    game_of, move_of = torch.tensor(places)[order].T
    choice = joined_choices([row[1] for row in noted]).only(order)
    return Played(
        offers=joined(shown).only(order),
        action=torch.cat([row[0] for row in noted])[order],
        choice=choice,
        mask=torch.ones_like(choice.logprobs, dtype=torch.bool),
        score=torch.tensor(earned)[order],
        over=torch.tensor(ended)[order],
        game=game_of,
        move=move_of,
        last_value=last,
        standings=after,
        finished=finished,
        won=won,
    )


def fresh(maker: Maker, seeds: Sequence[int]) -> tuple[Standing, ...]:
    """New games in these worlds."""
    found = []
    for seed in seeds:
        world = maker(seed)
        world.reset()
        found.append(Standing(seed, world.state))
        world.close()
    return tuple(found)


# ---------------------------------------------------------------------------------------------------------------------
# Games that are judged


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a game went."""

    won: bool
    score: float
    """Part of the world's points, 0 to 1."""
    moves: int
    par: int
    """Commands of the walkthrough."""

    @property
    def efficiency(self) -> float:
        """Of a game that is won: the walkthrough's length over its own."""
        return self.par / self.moves if self.won and self.moves else 0.0


Chooser = Callable[[Sequence[Observation], Tensor], Sequence[str]]
"""Who plays: observations, and the chance of each game (B,) -> a command for each."""


def judged(worlds: Sequence[World], choose: Chooser, limit: int, chance: Tensor) -> list[Verdict]:
    """Plays each world from its beginning to its end or the limit. chance: (limit, B)."""
    seen = [world.reset() for world in worlds]
    going = list(range(len(worlds)))
    for move in range(limit):
        going = [g for g in going if not seen[g].done and seen[g].admissible]
        if not going:
            break
        commands = choose([seen[g] for g in going], chance[move, going])
        for g, command in zip(going, commands, strict=True):
            seen[g] = worlds[g].step(command)
    return [
        Verdict(now.won, now.score / max(1, world.max_score), world.moves, len(world.walkthrough))
        for world, now in zip(worlds, seen, strict=True)
    ]


def seat(reading: Reading, look: Look, *, greedy: bool = False) -> Chooser:
    """A player's seat at such games: it draws by its own probabilities, or always takes the likeliest."""

    def choose(seen: Sequence[Observation], chance: Tensor) -> Sequence[str]:
        logits = look(reading.offers(seen)).logits
        picked = logits.argmax(dim=1) if greedy else drawn(logits, chance)
        return [one.admissible[n] for one, n in zip(seen, picked.tolist(), strict=True)]

    return choose


def at_random(seen: Sequence[Observation], chance: Tensor) -> Sequence[str]:
    """Any command that is offered, each as likely."""
    return [one.admissible[int(u * len(one.admissible))] for one, u in zip(seen, chance.tolist(), strict=True)]


COLUMNS = {"text": 2, "length": 1, "commands": 3, "words": 2, "action": 1, "logprobs": 2, "values": 2, "mask": 2}
"""Of what `rows_of` gives, with the number of dimensions of each."""


def rows_of(played: Played) -> dict[str, Tensor]:
    """Columns of a buffer: one row a move."""
    own = {"action": played.action, "logprobs": played.choice.logprobs, "values": played.choice.values, "mask": played.mask}
    return played.offers.columns() | own
