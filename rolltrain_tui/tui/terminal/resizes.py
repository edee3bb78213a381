"""Resizes in measure: a window that is dragged about must not take the training's time.

To lay out and paint a large screen costs tens of milliseconds, during which the training waits for the interpreter. The first new size
is taken up at once, and so is the one at which the window comes to rest; in between only as many as their cost allows.
"""

import time
from collections.abc import Callable
from functools import partial

from textual.app import App
from textual.events import Resize

QUIET_SECONDS = 0.25
"""Without a new size for so long, the window has come to rest. To lay out and paint a size takes as long."""
LONGEST_WAIT = 10.0


class Resizes:
    def __init__(self, app: App[None], may_take: Callable[[], float]) -> None:
        """`may_take`: the share of the time that new sizes may take, in a storm of them."""
        self._app, self._may_take = app, may_take
        self._came_at = self._due_at = -LONGEST_WAIT
        self._held: Resize | None = None
        self._watched = False

    @property
    def waiting(self) -> bool:
        """Whether there is a size still to be taken up."""
        return self._held is not None

    def takes(self, event: Resize) -> bool:
        """Whether this size is to be taken up now. One that is not is held, and comes again."""
        now = time.monotonic()
        due = self._due(now)
        self._came_at = now
        if due:
            self._held, self._due_at = None, now + LONGEST_WAIT
            self._app.set_timer(QUIET_SECONDS, partial(self._count, now, time.thread_time()))
        else:
            self._held = event
            self._watch()
        return due

    def _due(self, now: float) -> bool:
        return now >= min(self._came_at + QUIET_SECONDS, self._due_at)

    def _count(self, taken_at: float, cpu: float) -> None:
        """What this size has cost is known now, and when the next one may be taken up."""
        self._due_at = taken_at + min((time.thread_time() - cpu) / self._may_take(), LONGEST_WAIT)

    def _watch(self) -> None:
        if not self._watched:
            self._watched = True
            self._app.set_timer(QUIET_SECONDS, self._look_again)

    def _look_again(self) -> None:
        self._watched = False
        if self._held is not None:
            if self._due(time.monotonic()):
                self._app.post_message(self._held)
            else:
                self._watch()
