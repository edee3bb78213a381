"""The game on a terminal of Linux or macOS: Textual's driver, which also knows what came before Textual and what is behind it."""

from typing import Protocol, cast

from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key
from textual.message import Message

from rolltrain_tui.tui.first_picture import ALTERNATE


class OnTerminal(Protocol):
    """The app, as its driver sees it."""

    def takes_over_picture(self) -> bool: ...
    def key_comes(self) -> None: ...


class GameDriver(LinuxDriver):
    """Leaves a first picture where it is, and lets the training know of a key before the screen has handled it."""

    def write(self, data: str) -> None:
        """To ask for the alternate screen again would clear the picture on some terminals."""
        if data == ALTERNATE and cast(OnTerminal, self._app).takes_over_picture():
            return
        super().write(data)

    def send_message(self, message: Message) -> None:
        """Called in the thread that reads the terminal."""
        if isinstance(message, Key):
            cast(OnTerminal, self._app).key_comes()
        super().send_message(message)
