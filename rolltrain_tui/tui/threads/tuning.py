"""The interpreter's settings for a game that draws while it trains: set here, restored at exit."""

import gc
import sys

SWITCH_INTERVAL = 1e-4
"""Seconds. Training lets go of the interpreter lock around every tensor operation and waits this long to get it back from the screen."""
MANY = 1_000
"""Python 3.12 begins with some hundred objects that are frozen."""
THRESHOLDS = (50_000, 20, 1_000)


class Tuning:
    """`begin`, `settle` once everything is loaded, `end`."""

    def __init__(self) -> None:
        self._switch_interval = sys.getswitchinterval()
        self._thresholds = gc.get_threshold()
        self._settled = self._froze = False

    def begin(self) -> None:
        self._switch_interval = sys.getswitchinterval()
        self._thresholds = gc.get_threshold()
        sys.setswitchinterval(SWITCH_INTERVAL)

    def settle(self) -> None:
        """Freeze what is loaded, so that the garbage collector skips it: a full collection with torch loaded stops the game for 0.1 s.

        For the same reason no collection comes before; the little garbage of the start stays. Where the program has frozen objects of
        its own, nothing is frozen: `gc.unfreeze` at the end would release those as well.
        """
        if not self._settled:
            self._settled = True
            self._froze = gc.get_freeze_count() < MANY
            if self._froze:
                gc.freeze()
            gc.set_threshold(*THRESHOLDS)

    def end(self) -> None:
        sys.setswitchinterval(self._switch_interval)
        if self._settled:
            self._settled = False
            if self._froze:
                gc.unfreeze()
            gc.set_threshold(*self._thresholds)
