"""Playing for experience: games of training side by side, and what a player noted of each move.

Shapes: G games, N moves of all of them, game by game in their order; T tokens of an action.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.games.examples import Examples
from rolltrain_tui.modes.dungeon.games.games import Games, Standing
from rolltrain_tui.modes.dungeon.games.rewards import Rewards
from rolltrain_tui.modes.dungeon.player.choice import Choice, rows_padded
from rolltrain_tui.modes.dungeon.player.choice import joined as joined_choices
from rolltrain_tui.modes.dungeon.player.offers import Offers, joined
from rolltrain_tui.modes.dungeon.player.policy import Taken
from rolltrain_tui.modes.dungeon.worlds.protocol import Observation


@dataclass(frozen=True, slots=True)
class Acts:
    """What a player did in some games."""

    taken: Taken
    commands: Sequence[str]
    """As the worlds hear it."""


Act = Callable[[Sequence[Observation], Tensor], Acts]
"""A player: observations, and random numbers in [0, 1): (B,), or (B, T) for a player that writes T words."""


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
    """How the games stand after the last move."""
    finished: int
    """Games that ended."""
    won: int
    refused: int = 0
    """Moves that the world did not accept."""
    examples: Offers | None = None
    """Valid commands that were shown, each in the place where it was one."""

    def table(self, column: Tensor) -> Tensor:
        """One row a game, (G, M, ...) for the longest, 0 or false behind the end of a shorter one."""
        table = column.new_zeros(len(self.last_value), int(self.move.max()) + 1, *column.shape[1:])
        table[self.game, self.move] = column
        return table

    def rows(self, table: Tensor) -> Tensor:
        """Inverse of `table`."""
        return table[self.game, self.move]


def play(
    games: Games,
    moves: int,
    act: Act,
    worth: Callable[[Sequence[Observation]], Tensor],
    rewards: Rewards,
    chance: Tensor,
    worlds: Tensor | None,
    *,
    examples: Examples | None = None,
    stop: Callable[[], None] = lambda: None,
    witness: Callable[[int, int, int, Observation, str, Observation], object] | None = None,
) -> Played:
    """Goes on with the games: `moves` moves of each. A game that is over makes room for a new world.

    `worth`: values (B,) of what is seen. `chance` (G, moves) or (G, moves, T): what commands are drawn by. `worlds` (G, moves): the seeds
    of the new worlds, where one is needed; None: no new worlds, each game is played once to its end. `stop` may raise.
    """
    log = _Log()
    for m in range(moves):
        if not games.going:
            break
        stop()
        if examples is not None:
            log.show(*games.show_examples(examples))
        going = tuple(games.going)
        acts = act([games.seen[g] for g in going], chance[list(going), m])
        log.noted.append(acts.taken)
        for g, command in zip(going, acts.commands, strict=True):
            before, now, over = games.carry_out(g, command)
            log.add(g, m, rewards.of(before, command, now), over=over, won=now.won, refused=not now.accepted)
            if witness is not None:
                witness(g, m, games.seed(g), before, command, now)
            if over and worlds is None:
                games.going.remove(g)
            elif over:
                games.renew(g, int(worlds[g, m]) if worlds is not None else 0)
    last = torch.zeros(len(games))
    if games.going:
        last[games.going] = worth([games.seen[g] for g in games.going]).float()
    return log.played(last, games.put_away())


class _Log:
    """What is noted on the way: a row a move, in the order of play."""

    def __init__(self) -> None:
        self.noted: list[Taken] = []
        self.earned: list[float] = []
        self.ended: list[bool] = []
        self.places: list[tuple[int, int]] = []
        self.examples: list[Offers] = []
        self.finished = self.won = self.refused = 0

    def add(self, game: int, move: int, earned: float, *, over: bool, won: bool, refused: bool) -> None:
        self.earned.append(earned)
        self.ended.append(over)
        self.places.append((game, move))
        self.finished, self.won, self.refused = self.finished + over, self.won + (over and won), self.refused + refused

    def show(self, example: Offers | None, ended: Sequence[int]) -> None:
        """Note the games that an example ended: what follows in them is not credited to their last moves."""
        if example is not None:
            self.examples.append(example)
        for row in reversed(range(len(self.places))):
            if self.places[row][0] in ended and self.places[row][1] == self.places[-1][1]:
                self.ended[row] = True

    def played(self, last_value: Tensor, after: tuple[Standing, ...]) -> Played:
        order = torch.tensor([row for _, row in sorted((place, row) for row, place in enumerate(self.places))])
        game, move = torch.tensor(self.places)[order].T
        return Played(
            offers=joined([taken.offers for taken in self.noted]).only(order),
            action=torch.cat([taken.action for taken in self.noted])[order],
            choice=joined_choices([taken.choice for taken in self.noted]).only(order),
            mask=rows_padded([taken.mask for taken in self.noted])[order],
            score=torch.tensor(self.earned, dtype=torch.float32)[order],
            over=torch.tensor(self.ended)[order],
            game=game,
            move=move,
            last_value=last_value,
            standings=after,
            finished=self.finished,
            won=self.won,
            refused=self.refused,
            examples=joined(self.examples) if self.examples else None,
        )


COLUMNS = {"text": 2, "length": 1, "commands": 3, "words": 2, "action": 1, "logprobs": 2, "values": 2, "mask": 2}
"""The columns that `rows_of` gives, with the number of dimensions of each."""


def rows_of(played: Played) -> dict[str, Tensor]:
    """Columns of a buffer: one row a move."""
    own = {"action": played.action, "logprobs": played.choice.logprobs, "values": played.choice.values, "mask": played.mask}
    return played.offers.columns() | own
