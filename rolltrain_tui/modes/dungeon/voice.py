"""A game in words, command by command, and how a player stands."""

import torch

from rolltrain_tui.modes.dungeon.exam import UNSEEN, Exam, Standing
from rolltrain_tui.modes.dungeon.play import Look, Reading
from rolltrain_tui.modes.dungeon.policy import drawn

SHOWN = 14
"""Commands of a game that are told; the rest is counted."""


def game(exam: Exam, reading: Reading, look: Look, stream: torch.Generator) -> str:
    """A game in an unseen world of `stream`, with the probability of each command."""
    world = exam.maker(UNSEEN - 1 - int(torch.randint(1_000_000, (1,), generator=stream)))
    chance = torch.rand(exam.limit, 1, generator=stream, dtype=torch.float64)
    seen, lines = world.reset(), [f"{world.objective} (walkthrough: {len(world.walkthrough)} moves)"]
    for move in range(exam.limit):
        logits = look(reading.offers([seen])).logits
        picked = int(drawn(logits, chance[move]))
        command, share = seen.admissible[picked], float(logits[0, picked].exp())
        seen = world.step(command)
        if move < SHOWN:
            lines.append(f"> {command} ({share:.0%})")
        if seen.done or not seen.admissible:
            break
    end = f"won in {world.moves} moves" if seen.won else f"not won in {world.moves} moves, {seen.score} of {world.max_score} points"
    world.close()
    return "\n".join((*lines, end))


def standing(count: int, sampled: Standing, greedy: Standing, seen: Standing) -> str:
    """Unseen worlds, by its probabilities and by the likeliest command; and worlds of training."""
    return f"{count} unseen worlds: {sampled}; always the likeliest command: {greedy}; worlds of training: {seen}"
