"""What every row from a plug-in must be: of the right kind, complete, and safe to print on a terminal.

Each table adds its own checks to these. All raise RowError with half a sentence.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, TypeVar

from rolltrain_tui.base.registry import Named, RowError, check_named

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
PORTRAIT = (8, 26)
"""Lines and columns that the screens have room for."""
LONGEST_TITLE = 60

Row = TypeVar("Row", bound=Named)


def check_row(row_type: type[Row], name: str, row: object, *, hyphens: bool = False) -> Row:
    """The row, if it is of this type, has this name, and all its texts are printable. `hyphens`: the name may have some."""
    if not isinstance(row, row_type):
        raise RowError(f"it must be a rolltrain_tui.plugins.{row_type.__name__}, not a {type(row).__name__}")
    check_named(name, row)
    check_name(name.replace("-", "_") if hyphens else name)
    check_words(row)
    return row


def check_name(name: str) -> None:
    require(NAME.fullmatch(name), "a name is up to 40 small letters, digits and underscores, a letter first")


def check_words(row: Any) -> None:
    """Every text of the row is one printable line, so that none can steer a terminal."""
    for each in fields(row):
        value = getattr(row, each.name)
        if each.type in (str, "str") and not isinstance(value, str):
            raise RowError(f"its {each.name} must be text")
        if isinstance(value, str) and not value.isprintable():
            raise RowError(f"its {each.name} must be one line of printable characters")
        if each.name == "title":
            require(value.strip() and len(value) <= LONGEST_TITLE, f"its title must have 1 to {LONGEST_TITLE} characters")


def require(holds: object, words: str) -> None:
    if not holds:
        raise RowError(words)


def one_of(row: Any, **choices: Iterable[Any]) -> None:
    for name, known in choices.items():
        known = tuple(known)
        require(getattr(row, name) in known, f"its {name} must be one of {', '.join(map(repr, known))}")


def whole_number(row: Any, **least: int) -> None:
    for name, low in least.items():
        value = getattr(row, name)
        require(type(value) is int and low <= value <= 10_000, f"its {name} must be a whole number of at least {low}")


def check_portrait(portrait: Sequence[str]) -> None:
    lines, columns = PORTRAIT
    words = f"its portrait must be up to {lines} lines of plain ASCII, all as wide as the first, {columns} columns at most"
    require(isinstance(portrait, tuple) and 1 <= len(portrait) <= lines, words)
    for line in portrait:
        require(isinstance(line, str) and line.isascii() and line.isprintable() and len(line) == len(portrait[0]) <= columns, words)
