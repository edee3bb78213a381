"""How the rules speak of names: the one error for people, and the nearest known spelling."""

from collections.abc import Iterable
from difflib import get_close_matches


class RulesError(ValueError):
    """A rule of the table was asked for something it does not have; the text is a sentence for people."""


def suggestion(name: str, known: Iterable[str]) -> str:
    """' Did you mean "rage"?', or the list of what is known when nothing is near."""
    names = sorted(known)
    near = get_close_matches(name.lower(), names, n=1)
    return f' Did you mean "{near[0]}"?' if near else f" Known: {', '.join(names)}."
