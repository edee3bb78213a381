"""The mirror: what the terminal shows, for any number of browsers. The game draws once, whoever looks.

The app's thread hands frames over; everything else happens in the server's loop. Frames are updates of the one before, so who comes late,
was too slow or saw the terminal change its size first gets the whole picture, which the app paints when it is asked.
"""

import json
import re
from collections.abc import Callable

from rolltrain_tui.serve.streams.outlet import Source

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


class Mirror(Source):
    """Frames in, viewers out."""

    def __init__(self) -> None:
        super().__init__()
        self.paint: Callable[[], None] = lambda: None
        """Asks the app, from any thread, for the whole picture; it answers with `show_whole`."""
        self._size: Size = (0, 0)

    # The app's thread.

    def show(self, frame: str, size: Size) -> None:
        """What has changed on the terminal, whose size is this."""
        if self._outlets and frame:
            self._call(self._spread, frame.encode(), size)

    def show_whole(self, picture: str, size: Size) -> None:
        """The whole picture, for those who wait for it."""
        self._call(self._spread_whole, picture.encode(), size)

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
