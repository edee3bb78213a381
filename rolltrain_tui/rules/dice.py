"""Dice: the only source of chance. A game is given its dice, so tests give it loaded ones."""

import random
from collections.abc import Mapping
from typing import Any, Literal, Protocol

from rolltrain_tui.rules.naming import RulesError

Advantage = Literal["none", "advantage", "disadvantage"]


class Dice(Protocol):
    """A source of rolls whose whole state is plain JSON values."""

    def roll(self, sides: int) -> int:
        """One die: a whole number in [1, sides]."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None: ...


class DiceError(RulesError):
    """The dice cannot roll this, or a saved state is not theirs."""


class SeededDice:
    """Fair dice from a seed. Built on `random.random`, whose numbers Python keeps the same between versions."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def roll(self, sides: int) -> int:
        return int(self._random.random() * sides) + 1

    def state_dict(self) -> dict[str, Any]:
        version, words, _ = self._random.getstate()
        return {"version": version, "words": list(words)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        try:
            self._random.setstate((state["version"], tuple(state["words"]), None))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise DiceError(f"This is not the state of seeded dice: {error}.") from error


def cast(dice: Dice, sides: int, advantage: Advantage) -> tuple[tuple[int, ...], int]:
    """All dice on the table, and the one that counts: the higher of two with advantage, the lower with disadvantage."""
    first = dice.roll(sides)
    if advantage == "none":
        return (first,), first
    naturals = (first, dice.roll(sides))
    return naturals, max(naturals) if advantage == "advantage" else min(naturals)


def with_advantage(advantage: Advantage) -> Advantage:
    """Advantage on top of what is there: it cancels disadvantage and does not stack."""
    return "none" if advantage == "disadvantage" else "advantage"


def with_disadvantage(advantage: Advantage) -> Advantage:
    """Disadvantage on top of what is there: it cancels advantage and does not stack."""
    return "none" if advantage == "advantage" else "disadvantage"
