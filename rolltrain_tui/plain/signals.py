"""Signals that end a run: the first asks it to save and leave, the second leaves at once."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name))


class Caught:
    """The first signal that came, if one did."""

    number: int | None = None

    @property
    def exit_code(self) -> int:
        """128 + n, as shells report it; 0 when none came."""
        return 0 if self.number is None else 128 + self.number


@contextmanager
def caught(stop: Callable[[], None]) -> Iterator[Caught]:
    """While inside, the first of SIGINT, SIGTERM, SIGHUP and SIGQUIT calls `stop`; a second ends the process. Main thread only."""
    seen = Caught()

    def handle(number: int, frame: FrameType | None) -> None:
        if seen.number is not None:
            sys.stderr.write("\x1b[?25h\n" if sys.stderr.isatty() else "")  # a progress bar hides the cursor
            sys.stderr.flush()
            os._exit(128 + number)
        seen.number = number
        stop()

    before = {number: signal.signal(number, handle) for number in ENDING}
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
