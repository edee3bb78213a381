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
        """Take what is loaded out of the garbage collector's sight: a full collection with torch loaded stops the game for 0.1 s.

        So there is none before it either. What is garbage by now stays, and that is little. A program that has hidden its own objects
        keeps them hidden: nobody can bring back a part of them.
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
