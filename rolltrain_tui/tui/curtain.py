"""Holds back every frame while a screen opens, so that the first one shows it whole."""

from contextlib import ExitStack
from typing import Any

from textual.screen import Screen

LONGEST = 1.0
"""Seconds after which the curtain rises whatever happens."""


class Curtain:
    def __init__(self, screen: Screen[Any]) -> None:
        """Down from now on; the screen before stays in sight. The widgets have their places and sizes already behind it."""
        self._screen = screen
        self._held = ExitStack()
        self._held.enter_context(screen.app.batch_update())
        screen.app.set_timer(LONGEST, self.rise)
        self._up = False
        screen._refresh_layout(screen.app.size)

    def rise(self) -> None:
        """Show the screen as it is now; once it is up it stays up."""
        if not self._up:
            self._up = True
            self._held.close()
            self._screen.refresh()
            self._screen._compositor.update_widgets({self._screen})  # what was painted behind the curtain counts for nothing
