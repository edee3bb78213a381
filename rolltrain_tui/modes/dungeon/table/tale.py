"""A game told as a short story."""

from collections.abc import Sequence

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.modes.dungeon.table.sitting import Sitting

PAST = {"go": "went", "take": "took", "drop": "dropped", "unlock": "unlocked", "open": "opened", "cook": "cooked", "eat": "ate"}
TOGETHER = 3
"""Deeds of one sentence."""


def best(games: Sequence[Sitting]) -> Sitting | None:
    """The game that was won with the fewest moves beyond its par; of equals the longest. None where none was won."""
    won = [game for game in games if game.seen.won]
    return min(won, key=lambda game: (game.world.moves - game.par, -game.par), default=None)


def tale(game: Sitting) -> str:
    """What was done, in sentences of some deeds each, and how it ended."""
    deeds = [_deed(row["action"]) for row in game.record if row["accepted"]]
    sentences = [_sentence(deeds[start : start + TOGETHER]) for start in range(0, len(deeds), TOGETHER)]
    world = game.world
    beside = f", par {game.par}" if game.par else ""
    end = (
        "That was the end: the game was won" if game.seen.won else "There the game was lost" if game.seen.lost else "There the game stopped"
    )
    return " ".join([*sentences, f"{end}, after {counted(world.moves, 'move')}{beside}."])


def _deed(command: str) -> str:
    verb, _, rest = command.partition(" ")
    if verb not in PAST or not rest:
        return f"tried to {command}" if command != "look" else "looked around"
    return f"{PAST[verb]} {rest}" if verb == "go" else f"{PAST[verb]} the {rest}"


def _sentence(deeds: Sequence[str]) -> str:
    return f"It {', '.join(deeds[:-1])} and {deeds[-1]}." if len(deeds) > 1 else f"It {deeds[0]}."
