"""Playing for experience: games of training side by side, and what a player noted of each move.

Shapes: G games, M moves that each of them plays, N = G M moves in all, by games; T tokens of an action.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.offers import Offers, joined, read
from rolltrain_tui.modes.dungeon.policy import Seen, drawn
from rolltrain_tui.modes.dungeon.rewards import Rewards
from rolltrain_tui.modes.dungeon.vocabulary import Vocabulary
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

    vocabulary: Vocabulary
    context: int
    """Words of a text and a command together, at most."""
    feedback: bool = False
    """Whether the text begins with what the last command did."""

    def offers(self, seen: Sequence[Observation]) -> Offers:
        return read(self.vocabulary, [self.text(one) for one in seen], [one.admissible for one in seen], self.context)

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
    logprobs: Tensor
    """(N, T)"""
    values: Tensor
    """(N, T)"""
    mask: Tensor
    """(N, T) bool"""
    score: Tensor
    """(N,) rewards."""
    over: Tensor
    """(G, M) bool: the game ended with this move."""
    last_value: Tensor
    """(G,) of what comes after the last move; of no meaning where that ended a game."""
    standings: tuple[Standing, ...]
    """Of the games, after it."""
    finished: int
    """Games that ended."""
    won: int


def play(
    standings: Sequence[Standing],
    moves: int,
    maker: Maker,
    reading: Reading,
    look: Look,
    rewards: Rewards,
    limit: int,
    chance: Tensor,
    worlds: Tensor,
    *,
    stop: Callable[[], None] = lambda: None,
) -> Played:
    """Goes on with the games: `moves` moves of each. A game that is over, or has come to the limit, makes room for a new world.

    `chance` (G, M): what commands are drawn by. `worlds` (G, M): the seeds of the new worlds, where one is needed. `stop` may raise.
    """
    games = [maker(standing.seed) for standing in standings]
    seen = [game.restore(standing.state) for game, standing in zip(games, standings, strict=True)]
    shown: list[Offers] = []
    noted: list[tuple[Tensor, Tensor, Tensor]] = []
    scores, overs, finished, won = [], [], 0, 0
    for m in range(moves):
        stop()
        offers = reading.offers(seen)
        found = look(offers)
        action = drawn(found.logits, chance[:, m])
        choice = found.of(action)
        shown.append(offers)
        noted.append((action, choice.logprobs, choice.values))
        earned, ended = [0.0] * len(games), [False] * len(games)
        for g, picked in enumerate(action.tolist()):
            game, before = games[g], seen[g]
            command = before.admissible[picked]
            now = game.step(command)
            ended[g] = now.done or game.moves >= limit or not now.admissible
            earned[g] = rewards.of(before, command, now, game.max_score, over=ended[g])
            if ended[g]:
                finished, won = finished + 1, won + now.won
                game.close()
                games[g] = game = maker(int(worlds[g, m]))
                now = game.reset()
            seen[g] = now
        scores.append(earned)
        overs.append(ended)
    after = look(reading.offers(seen)).values
    standing = tuple(Standing(game.seed, game.state) for game in games)
    for game in games:
        game.close()
    count = len(games)
    by_game = torch.arange(moves * count).view(moves, count).T.flatten()  # rows come move by move
    values = torch.cat([row[2] for row in noted])[by_game]
    return Played(
        offers=joined(shown).only(by_game),
        action=torch.cat([row[0] for row in noted])[by_game],
        logprobs=torch.cat([row[1] for row in noted])[by_game],
        values=values,
        mask=torch.ones_like(values, dtype=torch.bool),
        score=torch.tensor(scores).flatten()[by_game],
        over=torch.tensor(overs).T.contiguous(),
        last_value=after,
        standings=standing,
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


def rows_of(played: Played) -> Mapping[str, Tensor]:
    """Columns of a buffer: one row a move."""
    own = {"action": played.action, "logprobs": played.logprobs, "values": played.values, "mask": played.mask}
    return played.offers.columns() | own
