"""Texts of worlds that are not ours, made fit to be shown and read: no control characters, no banner, no megabytes."""

import re
from collections.abc import Iterable
from itertools import islice

from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.modes.dungeon.player.prompts import observed

LONGEST = 2000
"""Characters of a text that are kept, and READ of what is looked at."""
READ = 20_000
LONGEST_COMMAND, MOST_COMMANDS = 80, 200
_STATUS = re.compile(r"^\s*>.*$", re.MULTILINE)
"""The line on which TextWorld waits for a command, with room and points at its end."""
_HEADLINE = re.compile(r"-=\s*(.+?)\s*=-")
_REPLACED = "\ufffd"


def sentences(text: object) -> str:
    """A foreign text as one line of sentences."""
    if not isinstance(text, str):
        return ""
    lines = observed(_STATUS.sub("", text[:READ]))
    told = " ".join(flat(lines).replace(_REPLACED, " ").split())
    return told if len(told) <= LONGEST else told[: LONGEST - 1].rstrip() + "…"


def room(description: object) -> str:
    """The name in a headline such as "-= Kitchen =-"; "" without one."""
    found = _HEADLINE.search(description[:READ]) if isinstance(description, str) else None
    return sentences(found[1])[:40].lower() if found else ""


def commands(given: object) -> tuple[str, ...]:
    """The commands that can be shown and typed as they are; others are left out, as are those beyond MOST_COMMANDS."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        return ()
    return tuple(islice((text for text in given if isinstance(text, str) and _fits(text)), MOST_COMMANDS))


def _fits(command: str) -> bool:
    return 0 < len(command) <= LONGEST_COMMAND and command.isprintable() and command == command.strip()


def number(value: object) -> int:
    """A count of points; 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 31 else 0
