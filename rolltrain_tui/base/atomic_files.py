"""Atomic files: data is written to a temporary file, synced to disk, then renamed. A crash leaves the old file or the new one."""

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

_BINARY = getattr(os, "O_BINARY", 0)  # Windows
_PLAIN = _BINARY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class NotPlainFile(ValueError):
    """The path is a link, a folder, a device or a pipe. Following it could read or write any file."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path.name} is not a plain file, so it is left alone")


@contextlib.contextmanager
def saying(kind: type[ValueError], words: str) -> Iterator[None]:
    """An OSError inside becomes a `kind`: these words, and why."""
    try:
        yield
    except OSError as error:
        raise kind(f"{words}: {refusal(error)}") from None


def refusal(error: OSError) -> str:
    """Why the system refuses a file, and what to do about it."""
    remedy = _REMEDIES.get(error.errno or 0, "")
    return f"{error.strerror or error}{'; ' if remedy else ''}{remedy}"


_REMEDIES = {
    errno.ENOENT: "check the name, and that the folder it lies in is there",
    errno.EACCES: "give yourself permission (chmod), or choose another place",
    errno.EPERM: "choose another place",
    errno.EROFS: "choose another place",
    errno.ENOSPC: "make room, or choose another disk",
    errno.EFBIG: "allow larger files (ulimit -f), or choose another disk",
    getattr(errno, "EDQUOT", -1): "make room, or choose another disk",  # not on Windows
    errno.EEXIST: "choose another name",
    errno.EISDIR: "name a file in it",
    errno.ENOTDIR: "a part of the path is a file; choose another one",
    errno.ENAMETOOLONG: "choose a shorter one",
}


def open_plain(path: Path, flags: int = os.O_RDONLY) -> int:
    """os.open for plain files only: follows no symbolic link, waits on no pipe. NotPlainFile, OSError."""
    try:
        fd = os.open(path, flags | _PLAIN, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR) or path.is_symlink():
            raise NotPlainFile(path) from None
        raise
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise NotPlainFile(path)
    return fd


def content_of(path: Path) -> bytes:
    """All of an ordinary file; a link to one is followed. OSError, also for a folder, a pipe or a device: reading those may never end."""
    fd = os.open(path, os.O_RDONLY | _BINARY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    mode = os.fstat(fd).st_mode
    if not stat.S_ISREG(mode):
        os.close(fd)
        code = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
        raise OSError(code, os.strerror(code) if stat.S_ISDIR(mode) else "it is a pipe or a device, not a file", str(path))
    with os.fdopen(fd, "rb") as file:
        return file.read()


def read_plain(path: Path, most: int) -> bytes:
    """The first `most` bytes of a plain file, or all that it has. NotPlainFile, OSError."""
    with os.fdopen(open_plain(path), "rb") as file:
        return file.read(most)


def write_all(fd: int, data: bytes | bytearray | memoryview) -> None:
    """Write all of `data`; os.write alone may write a part."""
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]


def write_new(path: Path, data: bytes | bytearray) -> None:
    """Create the file `path` and sync it to disk. OSError, also when the path exists; nothing is left of a file that was not finished."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666)
    try:
        try:
            write_all(fd, data)
            os.fsync(fd)
        finally:
            os.close(fd)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def replace(path: Path, data: bytes) -> None:
    """Replace the content of `path` in one step. OSError, and the old content stays."""
    aside = path.with_name(f".tmp-{path.name}-{secrets.token_hex(4)}")
    write_new(aside, data)
    try:
        aside.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Sync the names in `folder` to disk, where the system can. OSError."""
    if os.name == "nt":
        return  # Windows cannot open folders
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that cannot sync folders
            raise
    finally:
        os.close(fd)


def discard(folder: Path) -> None:
    """Remove a folder. It is renamed first, so no reader finds half of it. OSError if it cannot be renamed."""
    gone = folder.with_name(f".gone-{folder.name}-{secrets.token_hex(4)}")
    folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)
