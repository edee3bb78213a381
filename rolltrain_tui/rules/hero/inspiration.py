"""Inspiration by foretelling: the player guesses the next evaluation, and a right guess buys advantage on one roll.

A healthy run falls at nearly every evaluation, so "lower" must mean more than that. It means a fall by more than three quarters of the last
change, and by more than 1 %. Over five runs of the tutorial and the beginnings of two of tiny_gpt, lower and level came about equally often
(77 : 84). With 1 % alone, lower was right 108 times in 161.
"""

from dataclasses import dataclass
from math import isfinite
from typing import get_args

from rolltrain_tui.protocol.commands import Guess
from rolltrain_tui.protocol.objective import Better

GUESSES: tuple[Guess, ...] = get_args(Guess)
LEAST_BAND = 0.01
PACE = 0.75
"""The share of the last change that bounds "level"."""
XP = 50


def bounds(before: float, last: float) -> tuple[float, float]:
    """The values that count as level after these two: last x (1 -+ 1 %), or -+ three quarters of the last change."""
    band = max(LEAST_BAND * abs(last), PACE * abs(last - before))
    return last - band, last + band


@dataclass(slots=True)
class Inspiration:
    """The guess, the token that a right guess earned, and the losses that decide the next."""

    inspired: bool = False
    guess: str = ""
    """Lower, level or higher; empty while nothing is foretold."""
    before: float | None = None
    last: float | None = None
    """The last two finite values."""

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The range that counts as level at the next evaluation; None before there have been two."""
        return None if self.before is None or self.last is None else bounds(self.before, self.last)

    def refusal(self, guess: str) -> str:
        """Why this cannot be predicted now, or an empty string."""
        if guess not in GUESSES:
            return f"Predict {', '.join(GUESSES[:-1])} or {GUESSES[-1]}."
        if self.guess:
            return f"Predicted already: {self.guess}. The next evaluation will tell."
        return "" if self.bounds else "It is too early to predict: two evaluations must have been."

    def hear(self, value: float, better: Better = "lower") -> str:
        """Take in an evaluation: the right guess, or "" where there was none. What is not finite is worse."""
        level = self.bounds
        answer = ""
        if level is not None:
            low, high = level
            worse = "higher" if better == "lower" else "lower"
            answer = "lower" if value < low else "level" if value <= high else "higher"
            answer = answer if isfinite(value) else worse
        if isfinite(value):
            self.before, self.last = self.last, value
        return answer
