"""One player a run: a lock that the kernel releases when the holding process ends, even by a kill."""

import contextlib
import errno
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from rolltrain_tui.base import atomic_files
from rolltrain_tui.runs.layout import LOCK
from rolltrain_tui.runs.saves.manifest import SaveError

if sys.platform == "win32":
    import msvcrt

    def _take(fd: int) -> None:
        os.lseek(fd, 1 << 20, os.SEEK_SET)  # beyond the number, so that others can read that
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)

    _look = _take

else:
    import fcntl

    def _take(fd: int, how: int = fcntl.LOCK_EX) -> None:
        fcntl.flock(fd, how | fcntl.LOCK_NB)

    def _look(fd: int) -> None:
        """A shared lock: two processes that only look do not hinder each other."""
        _take(fd, fcntl.LOCK_SH)


_TAKEN = (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)
_UNSUPPORTED = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


class Lock:
    """Holds a run folder for this process; SaveError on entering if another process does. File systems without locks always grant it."""

    def __init__(self, run: Path, *, to_read: bool = False) -> None:
        """`to_read`: nothing will be written, so the folder may be one that this user cannot write to."""
        self.path = run / LOCK
        self._to_read = to_read
        self._fd = -1

    def __enter__(self) -> Self:
        fd = self._open()
        if fd < 0:
            return self
        try:
            _take(fd)
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                holder = _holder(fd)
                os.close(fd)
                if error.errno not in _TAKEN:
                    raise
                raise SaveError(
                    f"the run {self.path.parent.name} is being played by another rolltrain{holder}; close that one first"
                ) from None
        self._fd = fd
        with contextlib.suppress(OSError):  # the number is only information
            os.ftruncate(fd, 0)
            os.lseek(fd, 0, os.SEEK_SET)
            os.write(fd, b"%d\n" % os.getpid())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def _open(self) -> int:
        """The lock's descriptor; -1 when the file is missing and cannot be made, so that no process can hold it."""
        try:
            return atomic_files.open_plain(self.path, os.O_RDWR | os.O_CREAT)
        except atomic_files.NotPlainFile as error:
            raise SaveError(f"{self.path.parent}: {error}") from None
        except OSError as error:
            if not self._to_read:
                raise SaveError(f"the run folder {self.path.parent} cannot be written to: {atomic_files.refusal(error)}") from None
        try:
            return atomic_files.open_plain(self.path, os.O_RDONLY)
        except OSError:
            return -1


def is_held(run: Path) -> bool:
    """Whether another process plays this run; true as well where the file system has no locks. Nothing is written."""
    try:
        fd = atomic_files.open_plain(run / LOCK)
    except (OSError, atomic_files.NotPlainFile):
        return False
    try:
        _look(fd)
    except OSError:
        return True
    finally:
        os.close(fd)  # a lock that was got goes with it
    return False


def _holder(fd: int) -> str:
    os.lseek(fd, 0, os.SEEK_SET)
    pid = os.read(fd, 20).strip()
    return f" (process {int(pid)})" if pid.isdigit() else ""
