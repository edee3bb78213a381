"""Resizes in measure: a window that is dragged about must not take the training's time.

To lay out and paint a large screen costs tens of milliseconds, during which the training thread waits for the interpreter. A new size is
taken up at once when the last one is long past; in a storm of them only as often as leaves the training most of the time, and the
last one always.
"""

import time

from textual.app import App
from textual.events import Resize
from textual.timer import Timer

SHARE = 0.08
"""Of the time that a storm of resizes may take."""
LONGEST = 1.0
"""Seconds that a new size waits at most."""


class Resizes:
    def __init__(self, app: App[None]) -> None:
        self._app = app
        self._taken_at, self._cpu = -LONGEST, 0.0
        self._held: Resize | None = None
        self._timer: Timer | None = None

    @property
    def waiting(self) -> bool:
        """Whether there is a size still to be taken up."""
        return self._held is not None

    def takes(self, event: Resize) -> bool:
        """Whether this size is to be taken up now. One that is not is held, and comes again."""
        now, cpu = time.monotonic(), time.thread_time()
        wait = self._taken_at + min((cpu - self._cpu) / SHARE, LONGEST) - now
        if wait <= 0:
            self._taken_at, self._cpu, self._held = now, cpu, None
            return True
        self._held = event
        if self._timer is None:
            self._timer = self._app.set_timer(wait, self._come_again)
        return False

    def _come_again(self) -> None:
        self._timer = None
        if self._held is not None:
            self._app.post_message(self._held)
