"""Whose code failed: an error in the code of a plug-in is told with its package and its row.

The traceback decides. A ValueError, a sentence for the player, is a plug-in's where the plug-in raised it. Any other error is a plug-in's
where its code is on the stack. Errors that follow from a wrong return value show no such frame: `promises` checks return values.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from traceback import walk_tb
from types import FrameType
from typing import Any

from rolltrain_tui.base.memory import NotEnoughMemoryError, ran_out, shortage
from rolltrain_tui.base.registry import PLUGINS, plugin_rows

HOUSE = __name__.partition(".")[0]


class ForeignError(ValueError):
    """A row's code returned a wrong value: half a sentence for the player, to follow that of `blame`. Foreign text."""

    def __init__(self, kind: str, name: str, words: str) -> None:
        super().__init__(kind, name, words)
        self.kind, self.name, self.words = kind, name, words

    def __str__(self) -> str:
        return self.words


def told(error: BaseException) -> str:
    """What happened, in one sentence: "TypeError: ...", behind the plug-in's name where it failed in one. Foreign text."""
    if ran_out(error):
        return f"{blame(error)}{shortage(error)}"
    sentence = isinstance(error, ForeignError | NotEnoughMemoryError)
    return f"{blame(error)}{error if sentence else f'{type(error).__name__}: {error}'}"


def blame(error: BaseException) -> str:
    """What stands before the words of a plug-in's error: "Plug-in rolltrain-bard 1.0, ability 'lullaby': ". Else an empty string."""
    if isinstance(error, ForeignError):
        package = PLUGINS.packages.get(error.name)
        return f"Plug-in {package}, {error.kind} {error.name!a}: " if package else ""
    if isinstance(error, NotEnoughMemoryError) and error.__cause__ is not None:  # rolltrain's own sentence, for an error in any code
        return blame(error.__cause__)
    frames = [frame for frame, _ in walk_tb(error.__traceback__) if _root(frame) in {HOUSE, *PLUGINS.roots}]
    theirs = [frame for frame in (frames[-1:] if isinstance(error, ValueError) else frames[::-1]) if _root(frame) != HOUSE]
    if not theirs:
        return ""
    package = PLUGINS.roots[_root(theirs[0])]
    row = next((f", {kind} {name!a}" for frame in theirs for kind, name, row in _rows_of(package) if _runs(row, frame)), "")
    if not row:  # a mode names its code in words
        modes = [name for kind, name, _ in _rows_of(package) if kind == "mode"]
        row = f", mode {modes[0]!a}" if len(modes) == 1 else ""
    return f"Plug-in {package}{row}: "


def _root(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _rows_of(package: str) -> Iterator[tuple[str, str, object]]:
    return ((kind, name, row) for kind, name, row in plugin_rows() if PLUGINS.packages.get(name) == package)


def _runs(part: Any, frame: FrameType) -> bool:
    """Whether the frame is a call of something that this part of a row holds: a function, or a method of an object."""
    if isinstance(part, tuple):
        return any(_runs(each, frame) for each in part)
    if getattr(getattr(part, "__wrapped__", part), "__code__", None) is frame.f_code:
        return True
    if frame.f_code.co_argcount and frame.f_locals.get(frame.f_code.co_varnames[0]) is part:
        return True
    return is_dataclass(part) and any(_runs(getattr(part, each.name), frame) for each in fields(part))
