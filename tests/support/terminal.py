"""A game in a real pseudo-terminal: what it writes, in which modes it leaves the terminal, and what is left of it."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyte

from rolltrain_tui.tui.settings import remember
from support import warm
from support.patience import PATIENCE, named

STORY = re.compile(r"loss \d")
"""A line of the log that tells of a turn."""
LEFT_IN_ORDER = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l")
"""Alternate screen, cursor, mouse, bracketed paste: what a program must put back."""


class Terminal:
    """One program on a pseudo-terminal of its own; everything it writes is kept in `output` as far as it is read."""

    def __init__(
        self,
        command: list[str],
        rows: int = 36,
        columns: int = 120,
        folder: Path | None = None,
        controlling: bool = True,
        **environment: str,
    ) -> None:
        """`controlling`: it sends its signals to the program, such as that of a new size."""
        self.master, slave = pty.openpty()
        self.modes = termios.tcgetattr(slave)
        self._slave = slave
        self._set_size(rows, columns)
        env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "ROLLTRAIN_NOISE": "", **environment}
        for size in ("COLUMNS", "LINES"):  # a worker of pytest-xdist has them; they would hide the terminal's own size
            env.pop(size, None)
        streams = {"stdin": slave, "stdout": slave, "stderr": slave}
        self.process = warm.Popen(command, cwd=folder, env=env, start_new_session=True, terminal=controlling, **streams)
        self.output = bytearray()
        self._screen = pyte.Screen(columns, rows)
        self._stream, self._fed = pyte.ByteStream(self._screen), 0

    @property
    def shown(self) -> str:
        """What the screen shows after all that was read, line by line: the output itself tells changes only."""
        self._show()
        return "\n".join(self._screen.display)

    def _show(self) -> None:
        self._stream.feed(bytes(self.output[self._fed :]))
        self._fed = len(self.output)

    def resize(self, rows: int, columns: int) -> None:
        """The window has another size now. What was written before is shown in its old one."""
        self._show()
        self._set_size(rows, columns)
        self._screen.resize(rows, columns)

    def _set_size(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, seconds: float, most: int = 1 << 20) -> bytes:
        """What comes within so many seconds, up to `most` bytes."""
        deadline, got = time.monotonic() + seconds, bytearray()
        while len(got) < most and ((left := deadline - time.monotonic()) > 0 or not got):
            if not select.select([self.master], [], [], max(left, 0.0))[0]:  # once in any case, however late it has become
                break
            try:
                chunk = os.read(self.master, min(65536, most - len(got)))
            except OSError:
                break
            if not chunk:
                break
            got += chunk
        self.output += got
        return bytes(got)

    def drain(self, end: float) -> None:
        """Read whatever comes until a moment of the monotonic clock."""
        while (left := end - time.monotonic()) > 0:
            self.read(left)

    def until(self, holds: Callable[[], object]) -> None:
        """Read on until something holds."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, f"it did not come about: {named(holds)}; {self._seen()}"
            self.read(0.05)

    def see(self, *words: str | re.Pattern[str]) -> None:
        """Read on until the screen shows all of these."""
        self.until(lambda: all(re.search(word if isinstance(word, re.Pattern) else re.escape(word), self.shown) for word in words))

    def forget(self) -> None:
        """From now on, `output` holds what comes later."""
        self._show()
        self.output.clear()
        self._fed = 0

    def _seen(self) -> str:
        return f"the screen shows\n{self.shown}\nand the last that was written is {bytes(self.output[-500:])!r}"

    def send(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def hang_up(self) -> None:
        """The window is closed."""
        os.close(self._slave)
        os.close(self.master)
        self.master = self._slave = -1

    def wait(self) -> int:
        """The return code, reading on meanwhile."""
        deadline = time.monotonic() + PATIENCE
        while (code := self.process.poll()) is None:
            assert time.monotonic() < deadline, f"it does not end; {self._seen()}"
            if self.master >= 0:
                self.read(0.02)
            else:
                time.sleep(0.02)
        while self.master >= 0 and self.read(0.05):  # its last words
            pass
        return code

    def restored(self) -> bool:
        """Line discipline as before, and every mode put back."""
        return termios.tcgetattr(self._slave) == self.modes and all(mode in self.output for mode in LEFT_IN_ORDER)

    def memory(self) -> int:
        """Resident bytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def orphans(self) -> list[str]:
        """Processes of its session, "PID STATE COMMAND", that do not end: a machine at work ends them late."""
        deadline = time.monotonic() + PATIENCE
        while (left := self._session()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left

    def _session(self) -> list[str]:
        listed = subprocess.run(["ps", "-o", "pid=,stat=,args=", "-s", str(self.process.pid)], capture_output=True, text=True, check=False)
        return listed.stdout.splitlines()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
        for fd in {self.master, self._slave} - {-1}:
            os.close(fd)


def game(run: Path, **options: Any) -> Terminal:
    """`rolltrain play RUN`, on a pseudo-terminal, without cards that wait for a key."""
    remember("explain", False)
    return Terminal([sys.executable, "-m", "rolltrain_tui", "play", str(run)], **options)
