"""The game on a terminal of Linux or macOS."""

import asyncio
import os
import select
import signal
import sys
from collections.abc import Callable
from threading import Thread
from typing import Protocol, cast

from textual.drivers.linux_driver import LinuxDriver

from rolltrain_tui.tui.terminal.first_picture import ALTERNATE
from rolltrain_tui.tui.terminal.keyboard import Keyboard

READ_AT_ONCE, READ_SECONDS = 4096, 0.1
"""Bytes; and how long the reader waits for the first of them before it looks whether it is to stop."""

assert sys.platform != "win32", "Textual has another driver there"


class OnTerminal(Protocol):
    """The app, as its driver sees it."""

    is_running: bool

    def takes_over_picture(self) -> bool: ...


class GameDriver(LinuxDriver):
    """Leaves a first picture where it is: to ask for the alternate screen again would clear it on some terminals.

    It also stands what Textual's own driver does not: a SIGSTOP that nobody can foresee, a stop in the middle of a write or while the game
    is leaving, bytes that are no keys, and a terminal that is gone without a SIGHUP.
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

    def _sigtstp_application(self, *_: object) -> None:
        _in_the_loop(super()._sigtstp_application, otherwise=lambda: os.kill(os.getpid(), signal.SIGSTOP))

    def _sigcont_application(self, *_: object) -> None:
        _in_the_loop(super()._sigcont_application, otherwise=lambda: None)

    def run_input_thread(self) -> None:
        """Read until told to stop, and then once more, for what the terminal has sent meanwhile."""
        keyboard, terminal, stop = Keyboard(), _never_waiting(self.fileno), False
        try:
            while not stop:
                stop = self.exit_event.is_set()
                for event in keyboard.read(_typed(terminal)):
                    self.process_message(event)
        finally:
            os.close(terminal)


def _in_the_loop(deed: Callable[[], object], otherwise: Callable[[], object]) -> None:
    """Do in the event loop what a signal asks for. Its handler may interrupt a write, and writing there would deadlock.

    `otherwise`: the game has left, and its loop has ended.
    """
    try:
        asyncio.get_running_loop().call_soon_threadsafe(deed)
    except RuntimeError:
        otherwise()


def _never_waiting(terminal: int) -> int:
    """The same terminal, opened again as non-blocking. On the shared descriptor O_NONBLOCK would act on other programs too."""
    try:
        return os.open(os.ttyname(terminal), os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:  # no terminal, or one of somebody else's
        return os.dup(terminal)


def _typed(terminal: int) -> bytes:
    """What has been typed. If the game is stopped between `select` and `read`, the shell may take the key: then nothing."""
    try:
        return os.read(terminal, READ_AT_ONCE) if select.select([terminal], [], [], READ_SECONDS)[0] else b""
    except BlockingIOError:
        return b""


def _tell_of_hangup(terminal: int) -> None:
    """Send SIGHUP to this process when the terminal hangs up. The kernel does so for a controlling terminal only."""
    poll = select.poll()
    poll.register(terminal, 0)  # no events are asked for: POLLHUP is reported always
    if any(told & select.POLLHUP for _, told in poll.poll()):
        os.kill(os.getpid(), signal.SIGHUP)
