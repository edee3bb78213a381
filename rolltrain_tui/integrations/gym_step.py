"""What the environments of the duel and the dungeon ask of a step before they take it."""

import operator
from typing import Any


def check_under_way(under_way: bool) -> None:
    """ValueError before the first reset and after the end of a game, where a reward would count for nothing or twice."""
    if not under_way:
        raise ValueError("no game is under way: call reset() before the first step and after the end of each game")


def number_of(action: Any) -> int:
    """A whole number, also one of NumPy's. ValueError."""
    try:
        return operator.index(action)
    except TypeError:
        raise ValueError(f"an action is a whole number, not {action!r:.60}") from None


def choice_of(action: Any, count: int) -> int:
    """An action of Discrete(count). ValueError."""
    if not 0 <= (number := number_of(action)) < count:
        raise ValueError(f"there is no action {number}; there are 0 to {count - 1}")
    return number
