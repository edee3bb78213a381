"""A game in words, command by command, and how a player stands."""

from collections.abc import Sequence

import torch

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.modes.dungeon.exam.exam import UNSEEN, Exam
from rolltrain_tui.modes.dungeon.exam.exam import Standing as Success
from rolltrain_tui.modes.dungeon.exam.judging import Verdict
from rolltrain_tui.modes.dungeon.games.games import Games, Standing
from rolltrain_tui.modes.dungeon.games.play import Act
from rolltrain_tui.modes.dungeon.player.reading import Reading
from rolltrain_tui.modes.dungeon.table.sitting import Sitting
from rolltrain_tui.modes.dungeon.table.tale import tale
from rolltrain_tui.modes.dungeon.worlds.protocol import World

LONGEST_QUEST = 100
"""Characters of an objective that is told; a longer one is a walkthrough."""
SHOWN = 14
"""Commands of a game that are told; the rest is counted."""


def game(exam: Exam, reading: Reading, act: Act, stream: torch.Generator) -> str:
    """A game in an unseen world of `stream`, with the probability of each command."""
    world = exam.unseen(UNSEEN - 1 - int(torch.randint(1_000_000, (1,), generator=stream)))
    chance = torch.rand(exam.limit, 1, generator=stream, dtype=torch.float64)
    games, lines = Games((Standing(world.seed, world.state),), exam.unseen, exam.limit, reading), [_quest(world)]
    over, move, seen = False, 0, games.seen[0]
    while not over and seen.admissible:
        acts = act([seen], chance[move])
        _, seen, over = games.carry_out(0, acts.commands[0])
        if move < SHOWN:
            share = float(acts.taken.choice.logprobs[0].sum().exp())
            lines.append(f"> {acts.commands[0]} ({share:.0%})" + ("" if seen.accepted else f" {seen.feedback}"))
        move += 1
    games.put_away()
    end = (
        f"won in {counted(move, 'move')}"
        if seen.won
        else f"not won in {counted(move, 'move')}, {seen.score} of {counted(world.max_score, 'point')}"
    )
    world.close()
    return "\n".join((*lines, end))


def _quest(world: World) -> str:
    quest = f"{world.objective} " if len(world.objective) <= LONGEST_QUEST else f"{world.title} "
    return f"{quest}(walkthrough: {counted(len(world.walkthrough), 'move')})"


def standing(count: int, sampled: Success, greedy: Success, seen: Success) -> str:
    """Unseen worlds, by its probabilities and by the likeliest command; and worlds of training."""
    return f"{count} unseen worlds: {sampled}; always the likeliest command: {greedy}; worlds of training: {seen}"


def best_game(exam: Exam, verdicts: Sequence[Verdict]) -> str:
    """The game with the fewest moves beyond the walkthrough, of these in the first unseen worlds, as a story; "" where none was won.

    Of equals it is the longest.
    """
    won = [number for number, verdict in enumerate(verdicts) if verdict.won]
    if not won:
        return ""
    best = min(won, key=lambda number: (verdicts[number].moves - verdicts[number].par, -verdicts[number].par))
    game = Sitting(exam.unseen(UNSEEN + best))
    for command in verdicts[best].commands:
        game.play(command)
    quest = f" {game.world.objective}" if len(game.world.objective) <= LONGEST_QUEST else ""
    told = f"Its best game, of {len(verdicts)} ({game.world.title}).{quest} {tale(game)}"
    game.world.close()
    return told
