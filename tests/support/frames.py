"""Every frame that an app writes, as a terminal would show it, and the turn that each panel of the expedition names in it."""

import re
from typing import Any

import pyte
from textual.app import App
from textual.screen import Screen

from rolltrain_tui.tui.app import RolltrainApp
from support.screens_host import ScreensHost

HEADER = re.compile(r"turn +(\d+)/\d+ [▰▱]")
TURN_ROW = re.compile(r" (\d+) [✖·★] d20 \d+[+−]\d+=(\d+) .* loss (\d\.\d{3}) ")
READ_OUT = re.compile(r"batch (\d\.\d{3}) ")
ROLL = re.compile(r" \d+ \+\d = (\d+) ")
AXIS = re.compile(r"└[─\d]*?(\d+)(?=[ │]|$)")
STARTED = 10
"""The chart's axis is at least so long."""


class Frames(App[None]):
    """Keeps every frame, line by line."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.frames: list[tuple[Screen[Any], list[str]]] = []
        """The screen on top, and what the terminal showed."""
        self.in_vain: list[Screen[Any]] = []
        """Screens that were painted while nothing is shown."""
        self._terminal = pyte.Screen(80, 24)
        self._stream = pyte.Stream(self._terminal)

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        if renderable is not None and not self._batch_count:
            if (self._terminal.columns, self._terminal.lines) != tuple(self.size):
                self._terminal.resize(self.size.height, self.size.width)
            self._stream.feed(renderable.render_segments(self.console))
            self.frames.append((self.screen, list(self._terminal.display)))
        elif renderable is not None:
            self.in_vain.append(screen)
        super()._display(screen, renderable)


class FrameApp(Frames, RolltrainApp):
    """The game with its frames."""


class FrameHost(Frames, ScreensHost):
    """One screen with its frames."""


def disagreement(frame: list[str]) -> str:
    """How two panels of a frame tell of different turns; empty when they do not."""
    text = "\n".join(frame)
    if not (head := HEADER.search(text)):
        return ""
    turn = int(head[1])
    told = {"log": 0, "axis": 0}
    rows = list(TURN_ROW.finditer(text))
    if rows and int(rows[-1][1]) != turn:
        told["log"] = int(rows[-1][1])
    if (axis := AXIS.search(text)) and int(axis[1]) != max(turn, STARTED):
        told["axis"] = int(axis[1])
    wrong = [f"the {panel} is at turn {other}" for panel, other in told.items() if other]
    if rows and not told["log"]:
        total, loss = rows[-1][2], rows[-1][3]
        if (batch := READ_OUT.search(text)) and batch[1] != loss:
            wrong.append(f"the chart's batch is {batch[1]}, the log's {loss}")
        if (roll := ROLL.search(text)) and roll[1] != total:
            wrong.append(f"the die shows {roll[1]}, the log {total}")
    return f"turn {turn}: {', '.join(wrong)}" if wrong else ""
