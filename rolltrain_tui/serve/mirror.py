"""The mirror: what the terminal shows, for any number of browsers. The game draws once, whoever looks.

The app's thread hands frames over; everything else happens in the server's loop. Frames are updates of the one before, so who comes late,
was too slow or saw the terminal change its size first gets the whole picture, which the app paints when it is asked.
"""

import asyncio
import json
import re
from collections.abc import Callable

from rolltrain_tui.serve.outlet import Outlet

Size = tuple[int, int]
"""Columns and rows."""

_ODD = re.compile(r"\x1b(?!\[[0-9;]*[mH])|[\x00-\x09\x0b-\x1a\x1c-\x1f\x7f-\x9f]")
_TOKEN = re.compile(
    r"\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # strings to the terminal: titles, links, the clipboard
    r"|\x1b\[[0-9;:<=>?]*[ -/]*[@-~]?"
    r"|\x1b[ -/]*[0-~]?"
    r"|[\x00-\x09\x0b-\x1f\x7f-\x9f]"
)
_KEPT = re.compile(r"\x1b\[[0-9;]*[mH]")


def only_picture(written: str) -> str:
    """What was written to the terminal, reduced to text, colours and places: no question, no mode, no clipboard, no title."""
    if _ODD.search(written) is None:
        return written
    return _TOKEN.sub(lambda found: found[0] if _KEPT.fullmatch(found[0]) else "", written)


class Mirror:
    """Frames in, viewers out."""

    def __init__(self) -> None:
        self.paint: Callable[[], None] = lambda: None
        """Asks the app, from any thread, for the whole picture; it answers with `show_whole`."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._outlets: set[Outlet] = set()
        self._size: Size = (0, 0)

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on viewers are served by this loop."""
        self._loop = loop

    # The app's thread.

    @property
    def watched(self) -> bool:
        return bool(self._outlets)

    def show(self, frame: str, size: Size) -> None:
        """What has changed on the terminal, whose size is this."""
        if self._outlets and frame:
            self._call(self._spread, frame.encode(), size)

    def show_whole(self, picture: str, size: Size) -> None:
        """The whole picture, for those who wait for it."""
        self._call(self._spread_whole, picture.encode(), size)

    def _call(self, deed: Callable[[bytes, Size], None], data: bytes, size: Size) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(deed, data, size)

    # The server's loop.

    def _spread(self, frame: bytes, size: Size) -> None:
        if size != self._size:
            for outlet in self._outlets:
                outlet.lose()
            return
        for outlet in self._outlets:
            outlet.put(frame)

    def _spread_whole(self, picture: bytes, size: Size) -> None:
        if size != self._size:
            self._size = size
            for outlet in self._outlets:
                outlet.lose()
        head = json.dumps({"size": size})
        for outlet in self._outlets:
            if outlet.lost:
                outlet.put_whole((head, picture))

    def join(self, outlet: Outlet) -> None:
        self._outlets.add(outlet)

    def leave(self, outlet: Outlet) -> None:
        self._outlets.discard(outlet)
