"""The first frame, on the terminal while Textual is loaded: loading it takes most of a start.

`show` writes the frame that Textual will draw first, and keeps the terminal quiet: keys wait there for the game, and what is said
meanwhile is told when the terminal is its own again. The game takes over with `hand_over`.
"""

import contextlib
import io
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

from rolltrain_tui.tui.opening import THEMES, Colours, Line
from rolltrain_tui.tui.settings import read_settings
from rolltrain_tui.tui.terminal.terminal import Modes

ALTERNATE, NORMAL = "\x1b[?1049h", "\x1b[?1049l"
"""The screens of a terminal."""
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
DEADLY = ("SIGTERM", "SIGHUP", "SIGQUIT")

Draw = Callable[[int, int], list[Line] | None]
"""(columns, rows) -> the frame's lines; None where it does not fit."""


class FirstPicture:
    """A context in which a frame may be on the terminal, until Textual draws its own over it. Afterwards it has gone."""

    def __init__(self) -> None:
        self.as_it_was = Modes()
        """How the terminal was before."""
        self.shown = False
        """Textual will find the frame; otherwise its own comes later, and is the same."""
        self._on = False
        self._said, self._stderr = io.StringIO(), sys.stderr
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        return self

    def show(self, draw: Draw) -> None:
        """The frame, where it is known how it looks on this terminal."""
        if not (frame := _frame(draw)):
            return
        self.shown = self._on = True
        self._handlers = {number: signal.signal(number, self._die) for name in DEADLY if (number := getattr(signal, name, None))}
        self.as_it_was.listen()
        sys.stderr = self._said
        _write(ALTERNATE + HIDE_CURSOR + frame)

    def hand_over(self) -> None:
        """Textual enters its own mode now. It finds the terminal as it was, but for the frame."""
        if self._on:
            self._on = False
            self.as_it_was.put_line_back()
            sys.stderr = self._stderr
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def __exit__(self, *error: object) -> None:
        """The game is over, or never came: tell what was said meanwhile."""
        if self._on:
            self.hand_over()
            _write(NORMAL + SHOW_CURSOR)
        with contextlib.suppress(OSError):  # the terminal may be gone
            print(self._said.getvalue(), end="", file=sys.stderr, flush=True)

    def _die(self, number: int, frame: FrameType | None) -> None:
        self.__exit__()
        os.kill(os.getpid(), number)


def _frame(draw: Draw) -> str:
    """The frame as text for the terminal; "" where it is not known how it would look there."""
    if sys.platform == "win32" or "TEXTUAL_DRIVER" in os.environ or not (sys.stderr.isatty() and sys.stderr is sys.__stderr__):
        return ""
    colours = THEMES.get(str(read_settings().get("theme", "tavern")))
    columns, rows = os.get_terminal_size(2)
    lines = draw(columns, rows)
    depth = _depth()
    return painted(lines, colours, columns, depth) if lines and colours and depth else ""


def _depth() -> int:
    """Bits of the terminal's colours, as Textual will find them: 24 or 8; 0: fewer, or none are wanted."""
    if "NO_COLOR" in os.environ:
        return 0
    if os.environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return 24
    return 8 if "256color" in os.environ.get("TERM", "") else 0


def painted(lines: list[Line], colours: Colours, columns: int, depth: int = 24) -> str:
    """Lines as escape sequences, each on a row of its own; the last one on the colour of the footer where it is one."""
    rows = []
    for row, line in enumerate(lines, 1):
        ground = colours.bar if row == len(lines) and line else colours.background
        text = "".join(_run(words, tone, colours, depth) for words, tone in line)
        width = sum(len(words) for words, _ in line)
        rows.append(f"\x1b[{row};1H{_colour(48, ground, depth)}{text}{' ' * (columns - width)}")
    return "".join(rows) + "\x1b[0m"


def _run(words: str, tone: str, colours: Colours, depth: int) -> str:
    name, _, style = tone.partition("+")
    if not name:
        return words
    on, off = {"bold": ("\x1b[1m", "\x1b[22m"), "italic": ("\x1b[3m", "\x1b[23m")}.get(style, ("", ""))
    return f"{on}{_colour(38, getattr(colours, name), depth)}{words}{off}"


def _colour(kind: int, rgb: str, depth: int) -> str:
    """`kind` 38: of the text; 48: behind it. With 8 bits the nearest of the cube with levels 0, 95, 135, 175, 215, 255."""
    parts = [int(rgb[i : i + 2], 16) for i in (0, 2, 4)]
    if depth == 24:
        return f"\x1b[{kind};2;{';'.join(map(str, parts))}m"
    red, green, blue = (0 if part < 48 else 1 if part < 115 else (part - 35) // 40 for part in parts)
    return f"\x1b[{kind};5;{16 + 36 * red + 6 * green + blue}m"


def _write(text: str) -> None:
    """Write to the terminal, whatever `sys.stderr` is now. Where it is gone, later writers will notice."""
    data: Any = text.encode()
    with contextlib.suppress(OSError):
        while data:
            data = data[os.write(2, data) :]
