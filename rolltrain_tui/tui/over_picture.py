"""Textual's way into a terminal that shows the first picture already."""

from textual.drivers.linux_driver import LinuxDriver

from rolltrain_tui.tui.first_picture import ALTERNATE


class OverPicture(LinuxDriver):
    """The picture stays until a frame is drawn over it: to ask for the alternate screen again would clear it on some terminals."""

    _entered = False

    def write(self, data: str) -> None:
        if data == ALTERNATE and not self._entered:
            self._entered = True
        else:
            super().write(data)
