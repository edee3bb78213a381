"""The error of the rules, and the nearest known spelling of a name."""

from collections.abc import Iterable
from difflib import get_close_matches


class RulesError(ValueError):
    """The rules do not have what was asked for. The text is a sentence for the player."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """' Did you mean "rage"?', or the list of what is known when nothing is near."""
    names = sorted(known)
    near = get_close_matches(name.lower(), names, n=1)
    return f' Did you mean "{near[0]}"?' if near else f" Known: {', '.join(names)}."
