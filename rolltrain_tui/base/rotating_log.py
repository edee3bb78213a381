"""One long log kept as several files: the full volumes NAME-0001.jsonl, NAME-0002.jsonl ..., and the open volume NAME.jsonl.

Offsets count through all volumes, as in one file. A crash at any point leaves a complete log: a volume becomes full by a rename alone,
and cutting back removes the newest volume first.

logging.handlers and concurrent-log-handler drop old volumes, rename all of them at each turn-over, and cannot read or cut them as one file.
"""

import contextlib
import io
import os
import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import BinaryIO

from rolltrain_tui.base import atomic_files

_BUFFER = 1 << 18


def full(path: Path) -> list[Path]:
    """The full volumes of the log `path`, oldest first."""
    pattern = re.compile(rf"{re.escape(path.stem)}-(\d{{4,9}}){re.escape(path.suffix)}")
    with contextlib.suppress(FileNotFoundError):
        found = {int(match[1]): child for child in path.parent.iterdir() if (match := pattern.fullmatch(child.name))}
        return [found[number] for number in range(1, len(found) + 1) if number in found]
    return []


def size_of(volumes: Sequence[Path]) -> int:
    """Bytes of all these files."""
    return sum(volume.lstat().st_size for volume in volumes)


def turn_over(path: Path, fd: int) -> int:
    """Close the open volume as a full one and open the next; answers with its descriptor. OSError, and nothing has changed."""
    os.fsync(fd)
    aside = path.with_name(f".tmp-{path.name}")
    aside.unlink(missing_ok=True)
    fresh = atomic_files.open_plain(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    try:
        now_full = path.with_name(f"{path.stem}-{len(full(path)) + 1:04d}{path.suffix}")
        path.rename(now_full)
        try:
            aside.rename(path)
        except OSError:
            now_full.rename(path)
            raise
    except OSError:
        os.close(fresh)
        raise
    os.close(fd)
    return fresh


def turn_back(path: Path) -> None:
    """Delete the open volume. The last full one becomes the open one. OSError."""
    path.unlink(missing_ok=True)
    full(path)[-1].rename(path)


def reader(path: Path) -> BinaryIO:
    """All volumes as one seekable file. A log that is being written to is read up to its present end. NotPlainFile, OSError."""
    try:
        fd = atomic_files.open_plain(path)
    except FileNotFoundError:
        if not full(path):
            raise
        return io.BufferedReader(_Volumes(full(path), -1), _BUFFER)  # the writer crashed between two renames
    volumes = full(path)
    if volumes and os.path.samestat(volumes[-1].lstat(), os.fstat(fd)):
        del volumes[-1]  # the writer made it full after we opened it
    return io.BufferedReader(_Volumes(volumes, fd), _BUFFER) if volumes else os.fdopen(fd, "rb")


class _Volumes(io.RawIOBase):
    """Full volumes, opened one at a time, and the open volume on the descriptor `last` (-1: none)."""

    def __init__(self, volumes: Sequence[Path], last: int) -> None:
        self._volumes, self._last = volumes, last
        self._starts = [0, *accumulate(volume.lstat().st_size for volume in volumes)]
        self._at, self._number, self._fd = 0, -1, -1

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        end = self._starts[-1] + (os.fstat(self._last).st_size if self._last >= 0 else 0)
        self._at = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: end}[whence] + offset
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        number = bisect_right(self._starts, self._at) - 1
        fd = self._last if number == len(self._volumes) else self._opened(number)
        if fd < 0:
            return 0
        os.lseek(fd, self._at - self._starts[number], os.SEEK_SET)
        got = os.read(fd, len(buffer))
        buffer[: len(got)] = got
        self._at += len(got)
        return len(got)

    def _opened(self, number: int) -> int:
        if number != self._number:
            self._drop()
            self._fd, self._number = atomic_files.open_plain(self._volumes[number]), number
        return self._fd

    def _drop(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd, self._number = -1, -1

    def close(self) -> None:
        if not self.closed:
            self._drop()
            if self._last >= 0:
                os.close(self._last)
        super().close()
