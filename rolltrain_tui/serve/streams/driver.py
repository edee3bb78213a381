"""The terminal's driver with a mirror behind it, and one for a game that has no terminal."""

import asyncio
from typing import TYPE_CHECKING, Any

from textual.driver import Driver
from textual.events import Resize
from textual.geometry import Size

from rolltrain_tui.serve.streams.mirror import Mirror, only_picture

if TYPE_CHECKING:
    from textual.app import App


def mirrored(base: type[Driver], mirror: Mirror) -> type[Driver]:
    """A driver that writes as `base` does, and gives the mirror a copy of every frame.

    Textual writes a frame in pieces and then flushes, so that what was written until a flush belongs together.
    """

    class Mirrored(base):  # type: ignore[misc, valid-type]  # the terminal's own driver, whichever it is
        _pieces: list[str]

        def write(self, data: str) -> None:
            super().write(data)
            if mirror.watched:
                self.__dict__.setdefault("_pieces", []).append(data)

        def flush(self) -> None:
            super().flush()
            if pieces := self.__dict__.pop("_pieces", None):
                mirror.show(only_picture("".join(pieces)), tuple(self._app.size))

    return Mirrored


def without_terminal(width: int, height: int) -> type[Driver]:
    """A driver that draws on nothing and hears no key: what it is given goes to the mirror alone."""

    class Nowhere(Driver):
        def __init__(self, app: "App[Any]", *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None) -> None:
            super().__init__(app, debug=debug, mouse=mouse, size=size or (width, height))

        def write(self, data: str) -> None:
            """Nobody looks here."""

        def start_application_mode(self) -> None:
            size = Size(width, height)
            asyncio.run_coroutine_threadsafe(self._app._post_message(Resize(size, size)), loop=self._loop)

        def disable_input(self) -> None:
            """There is none."""

        def stop_application_mode(self) -> None:
            """There is nothing to put back."""

        def _get_terminal_size(self) -> tuple[int, int]:
            return width, height

    return Nowhere
