"""Foreign text made safe to show: what a model, a file, a name or an error message says, without what could steer a terminal.

Textual, Rich and print all pass control characters on; whoever shows text that others made sends it through here first. Markup is a
different danger: cleaned text still belongs into `Content(text)`, never into a string that is parsed.
"""

import unicodedata
from pathlib import Path

from rich.cells import cell_len, set_cell_size

REPLACEMENT = "\ufffd"
PICTURES = 0x2400
"""Where Unicode keeps the visible pictures of the control characters: ␀ ␛ ␇ ..."""


def clean(text: str, *, combining: int = 2) -> str:
    """`text` with nothing in it but printable characters, newlines and tabs.

    C0 controls become their pictures (an escape shows as ␛); everything else that does not print (C1 controls, bidirectional overrides,
    zero-width characters, surrogates) becomes U+FFFD; at most `combining` marks stay on one character.
    """
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    marks = 0
    for char in text:
        if unicodedata.combining(char) and char.isprintable():
            marks += 1
            if marks <= combining:
                kept.append(char)
        else:
            marks = 0
            kept.append(_shown(char))
    return "".join(kept)


def flat(text: str) -> str:
    """Cleaned, and in one line: newlines and tabs become spaces."""
    return clean(text).translate(_BLANKS)


def one_line(text: str, width: int) -> str:
    """Cleaned, with every run of white space one space, and at most `width` terminal cells wide; an ellipsis marks what was cut."""
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
    """A value of unknown origin for an error message: one line, short, no control characters."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "a section" if value else "{}"
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "[]"
    text = repr(value[: longest + 1] if isinstance(value, str) else value)
    return text if len(text) <= longest + 2 else text[: longest - 1] + "…'"


def printable(path: str | Path) -> str:
    """A path as error messages show it: escaped where a terminal would act on it."""
    text = str(path)
    return text if text.isprintable() else repr(text)[1:-1]


def cell(text: str) -> str:
    """Text of unknown origin for a table that a spreadsheet may open: one line, and never a formula (which begins with = + - or @)."""
    line = text if text.isprintable() else repr(text)[1:-1]
    return f"'{line}" if line.lstrip()[:1] in ("=", "+", "-", "@") else line
