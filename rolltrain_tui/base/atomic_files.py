"""Files that survive a crash: written aside, brought to the disk, and only then given their name."""

import contextlib
import errno
import os
import secrets
import shutil
import stat
from pathlib import Path

_BINARY = getattr(os, "O_BINARY", 0)  # Windows
_PLAIN = _BINARY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class NotPlainFile(ValueError):  # noqa: N818 - what was found
    """A link, a device or a pipe stands where a plain file should be; following it could read or write anything."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path.name} is not a plain file, so it is left alone")


def open_plain(path: Path, flags: int = os.O_RDONLY) -> int:
    """os.open for plain files only: never through a symbolic link, never waiting on a pipe. NotPlainFile, OSError."""
    try:
        fd = os.open(path, flags | _PLAIN, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO) or path.is_symlink():
            raise NotPlainFile(path) from None
        raise
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise NotPlainFile(path)
    return fd


def write_all(fd: int, data: bytes | bytearray | memoryview) -> None:
    """os.write until nothing is left."""
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]


def write_new(path: Path, data: bytes | bytearray) -> None:
    """Create `path`, which must not exist, holding `data`; on the disk when this returns. OSError."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    try:
        write_all(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)


def replace(path: Path, data: bytes) -> None:
    """Write `data` aside, then put it in the place of `path` in one step; a crash leaves the old file or the new one. OSError."""
    aside = path.with_name(f".tmp-{path.name}-{secrets.token_hex(4)}")
    try:
        write_new(aside, data)
        aside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring new and changed names in `folder` to the disk, where the system can. OSError."""
    if os.name == "nt":
        return  # Windows opens no folders
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that do not sync folders
            raise
    finally:
        os.close(fd)


def discard(folder: Path) -> None:
    """Remove a folder so that nobody ever meets half of it: it loses its name first. OSError if it could not even be renamed."""
    gone = folder.with_name(f".gone-{folder.name}-{secrets.token_hex(4)}")
    folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)
