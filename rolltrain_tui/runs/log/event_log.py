"""The event log of a run, called its chronicle: one line of JSON an event, append-only.

A line is the event as `event_codec` writes it with two names in front: {"crc":"1a2b3c4d","n":0,"type":"CampaignBegan",...}. `n` counts
from 0. `crc` is the CRC-32 of the rest of the line, so torn and damaged lines are detected. A long log is kept in several volumes, which
`rotating_log` reads as one file.
"""

import contextlib
import hashlib
import io
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self, TextIO

from rolltrain_tui.base import atomic_files, rotating_log
from rolltrain_tui.protocol.events import Event
from rolltrain_tui.protocol.sheet import BLANK, Sheet
from rolltrain_tui.runs.log import event_codec
from rolltrain_tui.story.sheet import sheet_after

_HEAD = len('{"crc":"1a2b3c4d",')
_CHUNK, _TAIL = 1 << 20, 1 << 16
VOLUME = 1 << 24
"""Bytes after which a volume is full."""


class ChronicleError(ValueError):
    """A chronicle cannot be read further; the message says where and why."""


class Line(NamedTuple):
    """A good line: where it ends in the file, and the event in `wire` form."""

    end: int
    payload: bytes


class Place(NamedTuple):
    """Between two lines: how many events come before it, where in the file the next one begins, and the sheet so far."""

    number: int = 0
    offset: int = 0
    sheet: Sheet = BLANK
    """The hero after the events before it: what an older line leaves out is read from it."""


BEGINNING = Place()


class Chronicle:
    """The one writer of a run's chronicle, as a context manager.

    Opening mends what a crash left: a torn last line is dropped; from a damaged line on, the rest moves to chronicle.damaged and `note`
    says so. Each line goes to the operating system at once, so a killed process loses none; `sync` brings them to the disk. A disk that
    refuses lines does not stop the game: they wait in memory, and `sync` and `close` raise while they cannot be written. Leaving the
    context does not raise: whoever must know closes before.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events_written = 0
        """Events in the story so far."""
        self.note = ""
        """A sentence for the player when the file was found damaged or incomplete."""
        self._waiting = bytearray()
        self._is_new_name = not path.exists()
        self._fd = _open(path, os.O_RDWR | os.O_CREAT)
        try:
            self._base = rotating_log.size_of(rotating_log.full(path))  # bytes in the full volumes
            self._size = self._base + os.fstat(self._fd).st_size
            self._mend()
            self._sync_names()
        except BaseException:
            self.close()
            raise

    def append(self, event: Event) -> None:
        """Add one event of the story. Notices are not part of it."""
        assert event.in_story, f"{type(event).__name__} is not part of the story"
        body = f'"n":{self.events_written},{event_codec.encode(event)[1:]}'.encode("ascii")
        self._waiting += b'{"crc":"%08x",%b\n' % (zlib.crc32(body), body)
        self.events_written += 1
        with contextlib.suppress(OSError):  # sync reports it
            self.flush()

    def flush(self) -> None:
        """Hand all lines to the operating system. OSError when it does not take them."""
        if self._waiting:
            os.lseek(self._fd, self._size - self._base, os.SEEK_SET)  # over the remains of a failed attempt
            atomic_files.write_all(self._fd, self._waiting)
            self._size += len(self._waiting)
            self._waiting.clear()
            if self._size - self._base >= VOLUME:
                with contextlib.suppress(OSError):  # then the next line tries again
                    self._fd = rotating_log.turn_over(self.path, self._fd)
                    self._base, self._is_new_name = self._size, True

    def sync(self) -> None:
        """Sync all lines to the disk. OSError when that fails; the lines are kept for the next attempt."""
        self.flush()
        if os.fstat(self._fd).st_nlink == 0:
            self._restore()
        os.fsync(self._fd)
        self._sync_names()

    def _sync_names(self) -> None:
        if self._is_new_name:
            atomic_files.sync_folder(self.path.parent)
            self._is_new_name = False

    def _restore(self) -> None:
        """Write the open volume again after its file was removed: the open descriptor still holds its bytes."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.dup(self._fd), "rb") as held:
            aside = self.path.with_name(f".tmp-{self.path.name}")
            aside.unlink(missing_ok=True)
            _copy_rest(held, 0, aside)
        aside.replace(self.path)
        atomic_files.sync_folder(self.path.parent)
        lost, self._fd = self._fd, _open(self.path, os.O_RDWR)
        os.close(lost)

    def truncate_to(self, events: int) -> None:
        """Keep the first `events` events only. `note` says so when the chronicle holds fewer."""
        self.flush()
        if events > self.events_written:
            lost = events - self.events_written
            self.note = f"{self.note} The chronicle lacks {lost} of the {events} events before this save.".strip()
            return
        self._cut(_end_of(self.path, events))
        self.events_written = events

    def _cut(self, size: int) -> None:
        """Keep the first `size` bytes only."""
        while size < self._base:
            os.close(self._fd)
            self._fd = -1
            rotating_log.turn_back(self.path)
            self._fd, self._is_new_name = _open(self.path, os.O_RDWR), True
            self._base -= os.fstat(self._fd).st_size
        self._size = size
        os.ftruncate(self._fd, size - self._base)
        os.fsync(self._fd)
        self._sync_names()

    def close(self) -> None:
        """Write the remaining lines and close. OSError when they could not be written."""
        if self._fd >= 0:
            try:
                self.flush()
            finally:
                os.close(self._fd)
                self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self.close()

    def _mend(self) -> None:
        """Count the good lines, and move everything after them to another file."""
        good = 0
        with _reader(self.path) as file:
            for line in _lines(file):
                good, self.events_written = line.end, self.events_written + 1
            if _is_damaged(file, good, self.events_written):
                damaged = self.path.with_name(f"{self.path.stem}.damaged")
                _copy_rest(file, good, damaged)
                place = f"Line {self.events_written + 1} of {self.path.name}"
                self.note = f"{place} is damaged; it and all after it are kept in {damaged.name}."
        if self._size > good:
            self._cut(good)


def read(path: Path) -> Iterator[Event]:
    """The events in order, one at a time. A torn last line is skipped. ChronicleError at a damaged or unknown line."""
    return (event for event, _ in read_from(path))


def read_from(path: Path, place: Place = BEGINNING) -> Iterator[tuple[Event, Place]]:
    """As read, from a place that an earlier reading gave; each event with the place after it."""
    number, end, sheet = place
    with _reader(path) as file:
        for end, payload in _lines(file, place):
            number += 1
            try:
                event = event_codec.decode_event(payload.decode("ascii"), sheet)
            except (event_codec.WireError, UnicodeDecodeError) as error:
                raise ChronicleError(f"{path.name}: line {number}: {error}") from None
            sheet = sheet_after(event, sheet)
            yield event, Place(number, end, sheet)
        if _is_damaged(file, end, number):
            raise ChronicleError(f"{path.name}: line {number + 1} is damaged: {_what_damaged_it(file, end)}")


def last_events(path: Path, kinds: Sequence[type[Event]]) -> list[Event]:
    """The newest events of these kinds, oldest first, as far as the last stretch of the file holds them. OSError, ChronicleError.

    The lines' numbers are not checked, nor are older lines completed by the sheet before them.
    """
    with _reader(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _TAIL))
        lines = file.read().split(b"\n")
    marks = [f'"type":"{kind.__name__}"'.encode() for kind in kinds]
    events = []
    for line in lines[:-1]:
        body = line[_HEAD:]
        if any(mark in body for mark in marks) and line[:_HEAD] == b'{"crc":"%08x",' % zlib.crc32(body):
            with contextlib.suppress(event_codec.WireError, UnicodeDecodeError):
                events.append(event_codec.decode_event("{" + body[body.index(b",") + 1 :].decode("ascii")))
    return events


def mentions(path: Path, kind: type[Event]) -> bool:
    """Whether a line of this kind may be in the log, by a look at its bytes. OSError, ChronicleError."""
    sought, before = f'"type":"{kind.__name__}"'.encode(), b""
    with _reader(path) as file:
        while chunk := file.read(_CHUNK):
            if sought in before + chunk:
                return True
            before = chunk[-len(sought) :]
    return False


def copy_story(path: Path, target: Path, events: int) -> None:
    """Begin a new chronicle with the first `events` events of another. OSError, ChronicleError."""
    left = _end_of(path, events)
    with _reader(path) as file, target.open("xb") as copy:
        while left and (chunk := file.read(min(left, _CHUNK))):
            copy.write(chunk)
            left -= len(chunk)
        copy.flush()
        os.fsync(copy.fileno())


def text(path: Path) -> TextIO:
    """The lines of the log as text, for readers of scripts. OSError, ChronicleError."""
    return io.TextIOWrapper(_reader(path), encoding="utf-8")


def story_sha256(path: Path) -> str:
    """SHA-256 of the story: the good lines as `event_codec` writes them, each with its newline."""
    digest = hashlib.sha256()
    with _reader(path) as file:
        for line in _lines(file):
            digest.update(line.payload + b"\n")
    return digest.hexdigest()


def inspect(path: Path) -> tuple[int, str]:
    """The number of good lines, and what is wrong after them; "" if nothing is."""
    number, end = 0, 0
    try:
        with _reader(path) as file:
            for line in _lines(file):
                number, end = number + 1, line.end
            damaged = _is_damaged(file, end, number)
    except FileNotFoundError:
        return 0, "there is no chronicle"
    except (OSError, ChronicleError) as error:
        return number, f"the chronicle cannot be read: {error}"
    return number, f"line {number + 1} of the chronicle is damaged" if damaged else ""


def _open(path: Path, flags: int) -> int:
    try:
        return atomic_files.open_plain(path, flags)
    except atomic_files.NotPlainFile as error:
        raise ChronicleError(str(error)) from None


def _reader(path: Path) -> BinaryIO:
    try:
        return rotating_log.reader(path)
    except atomic_files.NotPlainFile as error:
        raise ChronicleError(str(error)) from None


def _lines(file: BinaryIO, place: Place = BEGINNING) -> Iterator[Line]:
    """The good lines from a place in the file up to the first bad line."""
    number, end, _ = place
    file.seek(end)
    while (payload := _payload(line := file.readline(event_codec.MAX_LINE), number)) is not None:
        number, end = number + 1, end + len(line)
        yield Line(end, payload)


def _payload(line: bytes, number: int) -> bytes | None:
    """The event of a good line; None where its end, its checksum or its number is wrong."""
    body, start = line[_HEAD:-1], b'"n":%d,' % number
    good = line.endswith(b"\n") and line[:_HEAD] == b'{"crc":"%08x",' % zlib.crc32(body) and body.startswith(start)
    return b"{" + body[len(start) :] if good else None


def _is_damaged(file: BinaryIO, end: int, number: int) -> bool:
    """Whether a bad line stands after the `number` good ones.

    One without an end is a write that was interrupted, or that goes on: by now it may have become a good line.
    """
    file.seek(end)
    line = file.readline(event_codec.MAX_LINE)
    return _payload(line, number) is None and (line.endswith(b"\n") or len(line) == event_codec.MAX_LINE)


def _what_damaged_it(file: BinaryIO, end: int) -> str:
    """What damaged the bad line that begins there."""
    file.seek(end)
    line = file.readline(event_codec.MAX_LINE)
    if line.endswith(b"\r\n"):
        return "it ends as lines of Windows do; git or an editor has converted the file, and dos2unix converts it back"
    if line.startswith(b"\xef\xbb\xbf"):
        return "it begins with a byte order mark; an editor has saved the file, so take the copy of before"
    return "its checksum or its number is wrong"


def _end_of(path: Path, events: int) -> int:
    """Where the line of the last of `events` events ends."""
    end = 0
    with _reader(path) as file:
        for _, line in zip(range(events), _lines(file), strict=False):
            end = line.end
    return end


def _copy_rest(file: BinaryIO, start: int, target: Path) -> None:
    """Append everything from `start` on to `target`, and sync it."""
    file.seek(start)
    kept = _open(target, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        while chunk := file.read(_CHUNK):
            atomic_files.write_all(kept, chunk)
        os.fsync(kept)
    finally:
        os.close(kept)
