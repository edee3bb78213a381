"""Dials: what a kind of training lets the player change on the way, beside the abilities' levers. Plain values, no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from re import fullmatch

OWN = "own"
"""The value that brings back what the campaign file says."""
OWN_WORDS = "as the campaign says"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """One dial of a mode. An order turns it at the next turn; it stays so until it is turned again, unless it acts once."""

    name: str
    """As it is typed: one word."""
    title: str
    words: str
    """What it does to the training, half a sentence."""
    choices: tuple[str, ...] = ()
    """Values that are offered. None: it takes no value, and acts once."""
    low: float | None = None
    high: float | None = None
    """Any number between them is taken as well; None: only the choices are."""
    whole: bool = False
    """The number must be a whole one."""
    several: bool = False
    """Some of the choices, with commas between them, are a value."""
    pattern: str = ""
    """A regular expression: what it matches is taken as well."""
    spelling: str = ""
    """What such a value says, half a sentence."""
    closed: tuple[tuple[str, str], ...] = ()
    """Values that cannot be had here, each with the reason, half a sentence."""
    unavailable: str = ""
    """Why it cannot act on this training, half a sentence; empty where it can."""

    def refusal(self, value: str) -> str:
        """Why this value cannot be had, in a sentence; empty where it can."""
        if self.unavailable:
            return f"{self.title} cannot act on this training: {self.unavailable}."
        if not self.choices:
            return f"{self.title} takes no value; write `{self.name}` alone." if value else ""
        if value in self.choices or self._number(value) is not None or (self.pattern and fullmatch(self.pattern, value)):
            return ""
        if self.several and value and all(part in self.choices for part in self.parts(value)):
            return ""
        for part, reason in self.closed:
            if part in self.parts(value):
                return f"{self.title} cannot be {part} here: {reason}."
        some = " or ".join(self.choices) if len(self.choices) < 3 else f"{', '.join(self.choices[:-1])} or {self.choices[-1]}"
        more = (
            f", or any {'whole ' if self.whole else ''}number from {self.low:g} to {self.high:g}"
            if self.low is not None and self.high is not None
            else ""
        )
        more += "; several with commas between them" if self.several else ""
        more += f", or {self.spelling}" if self.spelling else ""
        return f"{self.title} cannot be {value!r}; it can be {some}{more}." if value else f"Which value? {self.title} can be {some}{more}."

    @staticmethod
    def parts(value: str) -> list[str]:
        """The words of a value."""
        return [part.strip() for part in value.split(",")]

    def _number(self, value: str) -> float | None:
        try:
            found = float(value)
        except ValueError:
            return None
        inside = isfinite(found) and self.low is not None and self.high is not None and self.low <= found <= self.high
        return found if inside and (found.is_integer() or not self.whole) else None


def told(dial: str, asked: float, found: float, **more: float) -> dict[str, float]:
    """What was measured of a dial that was turned, as a report has it."""
    return {f"dial.{dial}": found, f"dial.{dial}.asked": asked, **{f"dial.{dial}.{name}": value for name, value in more.items()}}


def refusal(dials: Sequence[Dial], name: str, value: str) -> str:
    """Why a dial cannot be turned so, in a sentence; empty where it can."""
    if not dials:
        return "This kind of training has no dials to turn."
    for dial in dials:
        if dial.name == name:
            return dial.refusal(value)
    near = get_close_matches(name, [dial.name for dial in dials], n=1)
    hint = f"; did you mean {near[0]}?" if near else f". There are {', '.join(dial.name for dial in dials)}."
    return f"There is no dial {name!r}{hint}"
