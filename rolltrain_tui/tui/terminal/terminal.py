"""Keeps the terminal for the game alone: whatever libraries write to descriptors 1 and 2 goes to a log file instead.

Textual draws on descriptor 2, and so does every C library that has something to say. The game gets a descriptor of its own, and the
two common ones point to a file until the game is over.
"""

import contextlib
import os
import select
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

PUT_BACK = b"\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1004l\x1b[?2004l\x1b[?2048l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[0m"
"""Mouse, focus, pastes, sizes, keyboard, the other screen, the cursor, colours: as a shell expects them."""
PATIENCE_SECONDS = 1.0

_IFLAG, _LFLAG, _CC = 0, 3, 6
"""Places in what `tcgetattr` gives."""


if sys.platform == "win32":

    class Modes:
        """Its console puts itself back."""

        def listen(self) -> None: ...

        def put_line_back(self) -> None: ...

        def put_back(self) -> None: ...

else:
    import termios

    class Modes:
        """How the terminal was before the game, for an end that cannot wait until the screen is closed in order."""

        def __init__(self) -> None:
            self._line: list[Any] | None = None
            with contextlib.suppress(termios.error, OSError):  # standard input is no terminal
                self._line = termios.tcgetattr(0)

        def listen(self) -> None:
            """No echo and no line editing: keys wait as they were typed until the game reads them. Ctrl+C is still a signal."""
            if self._line is None:
                return
            line = [*self._line]
            line[_IFLAG] &= ~(termios.IXON | termios.ICRNL | termios.INLCR | termios.IGNCR)
            line[_LFLAG] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN)
            line[_CC] = [*line[_CC]]
            line[_CC][termios.VSUSP] = b"\0"  # nobody would put the terminal in order before the program is stopped
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(0, termios.TCSANOW, line)

        def put_line_back(self) -> None:
            """Restore how keys are read. The screen stays as it is."""
            if self._line is not None:
                with contextlib.suppress(termios.error, OSError):
                    termios.tcsetattr(0, termios.TCSANOW, self._line)

        def put_back(self) -> None:
            """Restore the terminal, now or as soon as it takes output. It does not wait long for a terminal that nobody reads."""
            if self._line is None or sys.__stderr__ is None:
                return
            self.put_line_back()
            until, left = time.monotonic() + PATIENCE_SECONDS, PUT_BACK
            with contextlib.suppress(OSError, ValueError):
                screen = sys.__stderr__.fileno()
                os.set_blocking(screen, False)
                while left and select.select((), (screen,), (), max(0.0, until - time.monotonic()))[1]:
                    left = left[os.write(screen, left) :]
                os.set_blocking(screen, True)


class OwnTerminal:
    """A context in which only `sys.__stdout__` and `sys.__stderr__` reach the terminal, and only Textual uses those."""

    def __init__(self) -> None:
        self.log: Path | None = None
        """Where stray output goes."""
        self._temporary = True
        self._saved: tuple[int, int] | None = None
        self._streams: tuple[IO[str] | None, IO[str] | None] = (None, None)
        self._own: list[IO[str]] = []

    def __enter__(self) -> Self:
        _flush()
        self._saved = (os.dup(1), os.dup(2))
        self._streams = (sys.__stdout__, sys.__stderr__)
        self._own = [os.fdopen(os.dup(descriptor), "w", encoding="utf-8", errors="replace") for descriptor in (1, 2)]
        sys.__stdout__, sys.__stderr__ = self._own  # type: ignore[misc, assignment]
        handle, name = tempfile.mkstemp(prefix="rolltrain-", suffix=".log")
        self._point_to(handle)
        self.log = Path(name)
        return self

    def keep_in(self, folder: Path) -> None:
        """From now on the stray output goes to `output.log` in this folder, together with what there was."""
        assert self.log is not None
        path = folder / "output.log"
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            if self._temporary:
                os.write(handle, self.log.read_bytes())
        except OSError:
            return
        self._point_to(handle)
        self._drop_if_empty()
        if self._temporary:
            self.log.unlink(missing_ok=True)
        self.log, self._temporary = path, False

    def _drop_if_empty(self) -> None:
        if self.log is not None and self.log.exists() and self.log.stat().st_size == 0:
            self.log.unlink()

    def _point_to(self, handle: int) -> None:
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        os.close(handle)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        assert self._saved is not None
        _flush()
        for descriptor, saved in zip((1, 2), self._saved, strict=True):
            os.dup2(saved, descriptor)
            os.close(saved)
        sys.__stdout__, sys.__stderr__ = self._streams  # type: ignore[misc, assignment]
        for stream in self._own:
            with contextlib.suppress(OSError):  # the terminal may be gone
                stream.close()
        self._drop_if_empty()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()
