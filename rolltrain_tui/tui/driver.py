"""The game on a terminal of Linux or macOS."""

from typing import Protocol, cast

from textual.drivers.linux_driver import LinuxDriver

from rolltrain_tui.tui.first_picture import ALTERNATE


class OnTerminal(Protocol):
    """The app, as its driver sees it."""

    def takes_over_picture(self) -> bool: ...


class GameDriver(LinuxDriver):
    """Leaves a first picture where it is: to ask for the alternate screen again would clear it on some terminals."""

    def write(self, data: str) -> None:
        if data != ALTERNATE or not cast(OnTerminal, self._app).takes_over_picture():
            super().write(data)
