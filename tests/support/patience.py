"""How long a test waits for what must come, and how it names what did not."""

import inspect
from collections.abc import Callable

PATIENCE = 300.0
"""Seconds. Only a fault takes so long, however busy the machine is; what comes is seen at once."""


def named(wish: Callable[[], object]) -> str:
    """A condition as it is written in the test."""
    try:
        return inspect.getsource(wish).strip()
    except (OSError, TypeError):  # a method of C, or one with its arguments
        return repr(wish)
