"""One game for a whole room: the terminal's screen mirrored to browsers, a light page for phones, and votes. Needs the extra `serve`.

`serve` is its one door; aiohttp and segno are imported behind it.
"""

import importlib.util
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rolltrain_tui.tui.launch import Launch

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
    """So many may play games of their own in the browser."""
    guest_command: Sequence[str] = ()
    """What starts the game of a guest."""


def check_installed(*further: str) -> None:
    """MissingExtraError where a package that serving needs is missing."""
    missing = [name for name in (*NEEDED, *further) if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(f"serve needs {' and '.join(missing)}, which is not installed: pip install 'rolltrain-tui[serve]'")


def serve(launch: "Launch", serving: Serving) -> int:
    """Play, or follow, as `launch` says, before whoever has the address; answers with the exit code. ServeError, MissingExtraError."""
    check_installed(*(["textual_serve"] if serving.guests else []))
    from rolltrain_tui.serve.start import start

    return start(launch, serving)
