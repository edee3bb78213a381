"""How often a piece of drawing may be done so that the training keeps most of the interpreter's time.

The screen and the training share one interpreter lock. What a picture costs grows with the terminal: a few milliseconds at 80x24,
a hundred at 500x200. So it is not done so many times a second, but as often as keeps it within a share of the time.
"""

import time

SHORTEST = 0.1
"""Seconds: what a piece sets going is done a little later, and must be counted."""


class Share:
    """Work of this thread within a share of the time, measured in CPU since the last piece was begun."""

    def __init__(self, longest: float) -> None:
        """`longest`: seconds after which the next piece is due, whatever the last one took."""
        self._longest = longest
        self._begun, self._cpu = -longest, 0.0

    def wait(self, of_time: float) -> float:
        """Seconds until the next piece is due if the work may take this share of the time; zero or less: now."""
        rest = (time.thread_time() - self._cpu) / of_time
        return self._begun + min(max(rest, SHORTEST), self._longest) - time.monotonic()

    def begin(self) -> None:
        """A piece begins now: what this thread works from here on counts towards the wait for the next."""
        self._begun, self._cpu = time.monotonic(), time.thread_time()
