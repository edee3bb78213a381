"""The ledger: an append-only file with one line of JSON for each match. Ratings and boards are computed from it alone.

A line is {"crc":"1a2b3c4d","n":0,"before":"<hash>","match":{...}}. `crc` is the CRC-32 of the rest of the line. `before` is the first
16 digits of the SHA-256 of the line before, so a changed line no longer fits the next one. If all checksums are forged as well,
fighting the match again reveals the change (`battles.verify`).
"""

import hashlib
import os
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

from rolltrain_tui.arena.agents.agents import AgentError
from rolltrain_tui.arena.battles.matches import Match, check_contenders, check_terms
from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.json_records import RecordError, codec, dump_json, parse_json
from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.runs.saves import Lock, SaveError

FILE = "matches.jsonl"
FIRST = "0" * 16
"""`before` of the first line."""
HEAD = len('{"crc":"1a2b3c4d",')
MAX_BYTES = 1 << 28
PATIENCE = 10.0
"""Seconds to wait for another process that is writing."""


@dataclass(frozen=True, slots=True)
class RecordedMatch:
    """A match with its line number in the ledger, counted from 1."""

    number: int
    match: Match


@dataclass(frozen=True, slots=True)
class Flaw:
    """A bad line and the reason."""

    line: int
    trouble: str


class Ledger:
    def __init__(self, root: Path) -> None:
        self.path = root / FILE

    def read(self) -> tuple[list[RecordedMatch], list[Flaw]]:
        """All good matches, and the flaws of the other lines. A torn last line is ignored. AgentError when the file cannot be read."""
        entries: list[RecordedMatch] = []
        flaws: list[Flaw] = []
        before = FIRST
        for number, line in enumerate(self._lines(), start=1):
            match, named, trouble = _parse(line, number)
            if match is None:
                flaws.append(Flaw(number, trouble))
            else:
                entries.append(RecordedMatch(number, match))
                if named != before:
                    flaws.append(Flaw(max(1, number - 1), "it was changed after the next match was written"))
            before = _digest(line)
        return entries, flaws

    def matches(self) -> list[RecordedMatch]:
        return self.read()[0]

    def append(self, match: Match) -> int:
        """Append a match and sync it to disk. Returns its number. AgentError on disk errors, or when the ledger stays locked."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with _patient_lock(self.path.parent):
                data = self._data()
                good = data.rfind(b"\n") + 1  # a torn last line is overwritten
                lines = data[:good].splitlines()
                body = '"n":%d,"before":"%s","match":%s}' % (  # noqa: UP031 - JSON is full of braces
                    len(lines),
                    _digest(lines[-1]) if lines else FIRST,
                    dump_json(codec(Match).dump(match)),
                )
                line = b'{"crc":"%08x",%b\n' % (zlib.crc32(body.encode("ascii")), body.encode("ascii"))
                self._write(good, line)
                return len(lines) + 1
        except (OSError, SaveError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise AgentError(f"the match could not be written to {printable(self.path)}: {reason}") from None

    def _write(self, at: int, line: bytes) -> None:
        new = not self.path.exists()
        fd = atomic_files.open_plain(self.path, os.O_WRONLY | os.O_CREAT)
        try:
            os.ftruncate(fd, at)
            os.lseek(fd, at, os.SEEK_SET)
            atomic_files.write_all(fd, line)
            os.fsync(fd)
        finally:
            os.close(fd)
        if new:
            atomic_files.sync_folder(self.path.parent)

    def _lines(self) -> list[bytes]:
        data = self._data()
        return data[: data.rfind(b"\n") + 1].splitlines()

    def _data(self) -> bytes:
        try:
            fd = atomic_files.open_plain(self.path)
        except FileNotFoundError:
            return b""
        except (OSError, atomic_files.NotPlainFile) as error:
            raise AgentError(f"{printable(self.path)} cannot be read: {error}") from None
        with os.fdopen(fd, "rb") as file:
            if os.fstat(fd).st_size > MAX_BYTES:
                raise AgentError(f"{printable(self.path)} is far too large for a ledger")
            return file.read()


def _parse(line: bytes, number: int) -> tuple[Match | None, str, str]:
    """(match, the hash in `before`, flaw): the match is None if there is a flaw."""
    if line[:HEAD] != b'{"crc":"%08x",' % zlib.crc32(line[HEAD:]):
        return None, "", "its checksum is wrong"
    try:
        plain = parse_json(line)
        if plain["n"] != number - 1:
            return None, "", f"it says it is line {plain['n'] + 1}"
        match = codec(Match).load(plain["match"])
        check_contenders(match.contenders)
        check_terms(match.terms)
        if (
            not match.standings
            or len(match.standings) != len(match.contenders)
            or not all(s.results and s.gflop > 0 for s in match.standings)
        ):
            return None, "", "its standings are not those of its contenders"
        return match, str(plain["before"]), ""
    except (RecordError, KeyError, TypeError, AgentError) as error:
        return None, "", f"it is no match: {error}"


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()[:16]


class _patient_lock(Lock):  # noqa: N801 - a context manager
    """The arena's lock. Waits up to PATIENCE seconds for it."""

    def __enter__(self) -> "_patient_lock":
        end = time.monotonic() + PATIENCE
        while True:
            try:
                super().__enter__()
                return self
            except SaveError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
