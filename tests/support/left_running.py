"""Runs that a failing test leaves behind: each goes on training in its thread, and slows every later test of the process."""

import threading

from rolltrain_tui.tui.threads.bridge import Bridge
from support.patience import PATIENCE


def stop_runs() -> None:
    """Ask each run of a screen that still trains to stop, and wait for its thread."""
    for thread in threading.enumerate():
        bridge = getattr(getattr(thread, "_target", None), "__self__", None)
        if isinstance(bridge, Bridge):
            bridge.stop()
            assert bridge.join(PATIENCE), "a run does not stop"
