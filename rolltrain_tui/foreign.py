"""Values and paths of unknown origin, made fit for an error message: one line, short, nothing that a terminal would act on."""

from pathlib import Path


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
