"""Rows of a table as lines of text, without the words that people read."""

from collections.abc import Iterable
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

WORDS = ("title", "summary", "portrait", "attack", "weak_to", "words", "meaning", "advice", "ailment")


def numbers_of(rows: Iterable[object]) -> str:
    """One line a row: every field that no person reads and that differs from its default."""
    return "\n".join(map(_told, rows))


def _told(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"  # another machine's cosine may differ in the last bit
    if isinstance(value, frozenset):
        return _told(tuple(sorted(value)))
    if isinstance(value, tuple) and len(value) > 2 and value[1:] == value[:-1]:
        return f"{len(value)} times {_told(value[0])}"
    if isinstance(value, tuple):
        return f"({', '.join(map(_told, value))})"
    if not is_dataclass(value) or isinstance(value, type):
        return repr(value)
    own = {part.name: getattr(value, part.name) for part in fields(value) if part.name not in WORDS}
    usual = {part.name: part.default for part in fields(value) if part.default is not MISSING}
    shown = (f"{name}={_told(kept)}" for name, kept in own.items() if name not in usual or kept != usual[name])
    return f"{type(value).__name__}({', '.join(shown)})"
