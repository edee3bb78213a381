"""A thread that reads typed lines from standard input while the campaign trains."""

import io
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TextIO

CHUNK = 4096
LONGEST_LINE = 10_000


def listen(stream: TextIO, hear: Callable[[str], None], ended: Callable[[], None]) -> threading.Thread:
    """Start a thread that calls `hear` with each line of `stream`, and `ended` after the last."""

    def run() -> None:
        for line in lines_of(stream):
            hear(line)
        ended()

    thread = threading.Thread(target=run, name="listener", daemon=True)
    thread.start()
    return thread


def lines_of(stream: TextIO) -> Iterator[str]:
    """Lines without their ends; bytes that are no UTF-8 become U+FFFD.

    A real stream is read below Python's buffers: a daemon thread that waits inside a buffer holds its lock, and Python cannot exit then.
    """
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):  # a stream that cannot be read holds no lines
            yield from (line.rstrip("\r\n") for line in stream)
        return
    kept = b""
    with io.FileIO(number, closefd=False) as raw:
        while chunk := _read(raw):
            *lines, kept = (kept + chunk).split(b"\n")
            yield from (_text(line) for line in lines)
            kept = kept[:LONGEST_LINE]
    if kept:
        yield _text(kept)


def is_pipe(stream: TextIO) -> bool:
    """The stream is a pipe or a socket, so another program may write to it."""
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _read(raw: io.FileIO) -> bytes:
    try:
        return raw.read(CHUNK) or b""
    except OSError:  # the terminal is gone
        return b""


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").rstrip("\r")
