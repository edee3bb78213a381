"""Signals that end the game: the first asks it to save and leave, a second ends the process, and a backstop ends it in any case."""

import asyncio
import contextvars
import os
import signal
import threading
import time
from collections.abc import Callable
from functools import partial

from rolltrain_tui.plain.signals import ENDING

HANGUP = getattr(signal, "SIGHUP", None)
"""Windows has none."""
MANNERS_SECONDS = 3.0
"""After the last save, how long the screen may take to be put in order."""


class EndingSignals:
    """Textual has no handlers for these: without ours the process would die with the run unsaved and the terminal in disorder.

    They are Python's own handlers, not the loop's: a loop that waits for a terminal nobody reads any more would never come to them.
    """

    def __init__(
        self, *, stop: Callable[[], object], leave: Callable[[], object], saved: Callable[[], object], put_back: Callable[[], object]
    ) -> None:
        """`stop` asks the run to end, from the handler; `leave` leaves the game, from its loop; `saved` waits for the last save.

        `put_back` makes the terminal what it was.
        """
        self.code = 0
        """128 + n after signal n, as shells report it; 0 when none came."""
        self._stop, self._leave, self._saved, self._put_back = stop, leave, saved, put_back

    def listen(self) -> None:
        """Main thread, in the game's loop."""
        call = partial(asyncio.get_running_loop().call_soon_threadsafe, context=contextvars.copy_context())
        for number in ENDING:
            signal.signal(number, lambda number, frame: self._hear(number, call))

    def let_go(self) -> None:
        for number in ENDING:
            signal.signal(number, signal.SIG_DFL)

    def _hear(self, number: int, call: Callable[..., object]) -> None:
        if number == HANGUP and self.code == 128 + number:
            return  # closing a window may send the signal twice, which is not impatience
        if self.code:
            self._put_back()
            os._exit(128 + number)
        self.code = 128 + number
        self._stop()
        threading.Thread(target=self._leave_by_force, name="backstop", daemon=True).start()
        call(self._leave)

    def _leave_by_force(self) -> None:
        """Whatever holds up the screen, the run is saved, and then this process ends."""
        self._saved()
        time.sleep(MANNERS_SECONDS)
        self._put_back()
        os._exit(self.code)
