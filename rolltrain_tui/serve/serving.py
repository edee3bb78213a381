"""How a game is served, and what that needs. Nothing of the web is imported here."""

import importlib.util
from collections.abc import Collection, Sequence
from dataclasses import dataclass

NEEDED = ("aiohttp", "segno")


class MissingExtraError(ValueError):
    """What serving needs is not installed; the message says how to install it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """How a game is served."""

    host: str = "127.0.0.1"
    port: int = 8765
    """0: any that is free."""
    names: Collection[str] = ()
    """Further names under which browsers reach this machine."""
    size: tuple[int, int] | None = None
    """Columns and rows of a game without a terminal; None: the terminal's own."""
    once: bool = False
    """Without a terminal: it ends with its run."""
    guests: int = 0
    """The most guests that may play games of their own in the browser."""
    guest_command: Sequence[str] = ()
    """What starts the game of a guest."""


def check_installed(*further: str) -> None:
    """MissingExtraError where a package that serving needs is missing."""
    missing = [name for name in (*NEEDED, *further) if importlib.util.find_spec(name) is None]
    if missing:
        are = "is" if len(missing) == 1 else "are"
        raise MissingExtraError(f"serve needs {' and '.join(missing)}, which {are} not installed: pip install 'rolltrain-tui[serve]'")
