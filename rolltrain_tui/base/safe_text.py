"""Foreign text made safe to show: text of models, files, names and errors, without control characters that a terminal would obey.

Textual, Rich and print pass control characters on, so all foreign text goes through this module first. Markup is a second danger:
cleaned text goes into `Content(text)`, never into a string that is parsed as markup.
"""

import unicodedata
from pathlib import Path

from rich.cells import cell_len, set_cell_size

REPLACEMENT = "\ufffd"
PICTURES = 0x2400
"""First code point of the visible pictures of control characters: ␀ ␛ ␇ ..."""


def clean(text: str) -> str:
    """`text` reduced to printable characters, newlines and tabs.

    C0 controls become their pictures (escape becomes ␛). Other unprintable characters (C1 controls, bidirectional overrides, zero-width
    characters, surrogates) become U+FFFD. At most two combining marks stay on one character.
    """
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    marks = 0
    for char in text:
        if unicodedata.combining(char) and char.isprintable():
            marks += 1
            if marks <= 2:
                kept.append(char)
        else:
            marks = 0
            kept.append(_shown(char))
    return "".join(kept)


def flat(text: str) -> str:
    """Cleaned, with newlines and tabs as spaces."""
    return clean(text).translate(_BLANKS)


def one_line(text: str, width: int) -> str:
    """Cleaned, each run of white space as one space, cut to `width` terminal cells with an ellipsis."""
    line = " ".join(clean(text).split())
    if cell_len(line) <= width:
        return line
    return set_cell_size(line, width - 1).rstrip() + "…" if width > 0 else ""


def _shown(char: str) -> str:
    code = ord(char)
    if char in "\n\t":
        return char
    if code < 32:
        return chr(PICTURES + code)
    if code == 127:
        return "␡"
    return char if char.isprintable() else REPLACEMENT


_BLANKS = str.maketrans("\n\t", "  ")


def shown(value: object, longest: int = 40) -> str:
    """A foreign value for an error message: one short line without control characters."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "a section" if value else "{}"
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "[]"
    text = repr(value[: longest + 1] if isinstance(value, str) else value)
    return text if len(text) <= longest + 2 else text[: longest - 1] + "…'"


def printable(path: str | Path) -> str:
    """A path for an error message, escaped if it holds control characters."""
    text = str(path)
    return text if text.isprintable() else repr(text)[1:-1]


def cell(text: str) -> str:
    """Foreign text for a table that a spreadsheet may open: one line, never a formula (these begin with = + - or @)."""
    line = text if text.isprintable() else repr(text)[1:-1]
    return f"'{line}" if line.lstrip()[:1] in ("=", "+", "-", "@") else line
