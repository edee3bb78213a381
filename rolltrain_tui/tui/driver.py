"""The game on a terminal of Linux or macOS."""

import os
import select
import signal
import sys
from threading import Thread
from typing import Protocol, cast

from textual.drivers.linux_driver import LinuxDriver

from rolltrain_tui.tui.first_picture import ALTERNATE
from rolltrain_tui.tui.keyboard import Keyboard

READ_AT_ONCE, READ_SECONDS = 4096, 0.1
"""Bytes; and how long the reader waits for the first of them before it looks whether it is to stop."""

assert sys.platform != "win32", "Textual has another driver there"


class OnTerminal(Protocol):
    """The app, as its driver sees it."""

    is_running: bool

    def takes_over_picture(self) -> bool: ...


class GameDriver(LinuxDriver):
    """Leaves a first picture where it is: to ask for the alternate screen again would clear it on some terminals.

    It also stands what Textual's own driver does not: a SIGSTOP that nobody can foresee, a stop while the game is leaving, bytes that are
    no keys, and a terminal that is gone without a SIGHUP.
    """

    _watching = False

    def write(self, data: str) -> None:
        if data != ALTERNATE or not cast(OnTerminal, self._app).takes_over_picture():
            super().write(data)

    def start_application_mode(self) -> None:
        """Take the terminal. After a SIGSTOP it was never given back: then the old threads end first, or two would share the keys."""
        if not cast(OnTerminal, self._app).is_running:
            return  # stopped while it was leaving: the terminal is the shell's by now
        stopped = self._key_thread is not None and self._key_thread.is_alive()
        modes = self.attrs_before
        if stopped:
            self.disable_input()
            self.close()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if stopped:
            self.attrs_before = modes  # what it finds now may be the game's own
        if not self._watching and os.isatty(self.fileno):
            self._watching = True
            Thread(target=_tell_of_hangup, args=(self.fileno,), name="hangup", daemon=True).start()

    def run_input_thread(self) -> None:
        """Read until told to stop, and then once more, for what the terminal has sent meanwhile."""
        keyboard, poll, stop = Keyboard(), select.poll(), False
        poll.register(self.fileno, select.POLLIN)
        while not stop:
            stop = self.exit_event.is_set()
            typed = os.read(self.fileno, READ_AT_ONCE) if poll.poll(1000 * READ_SECONDS) else b""
            for event in keyboard.read(typed):
                self.process_message(event)


def _tell_of_hangup(terminal: int) -> None:
    """A terminal that does not control this process sends it no SIGHUP when it goes: the game would play on to nobody, and read in vain."""
    poll = select.poll()
    poll.register(terminal, 0)  # asks for nothing; a hangup is told unasked
    if any(told & select.POLLHUP for _, told in poll.poll()):
        os.kill(os.getpid(), signal.SIGHUP)
