"""A whole run in one file, for another machine or another player: an ordinary zip with a manifest in front.

    run.json        name, pointer, and the size and SHA-256 of every other file
    campaign.yaml   chronicle.jsonl   ghost.json   saves/NAME/...

An archive may come from a stranger. Nothing in it is used before it is checked, and only the names in this list become paths. The run is
renamed into place after every byte has been checked. It may have been packed anew, by Finder or Explorer, with its folder around it.
"""

import hashlib
import os
import re
import secrets
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from rolltrain_tui import __version__
from rolltrain_tui.base import atomic_files, rotating_log
from rolltrain_tui.base.json_records import RecordError, codec, dump_json, parse_json
from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.base.system_files import of_a_system
from rolltrain_tui.runs import layout
from rolltrain_tui.runs.saves import manifest, slots
from rolltrain_tui.runs.saves.lock import Lock
from rolltrain_tui.runs.saves.manifest import MAX_BYTES, FileRecord, SaveError
from rolltrain_tui.runs.saves.store import plain_name

ARCHIVE_VERSION = 1
CONTENTS = "run.json"
MOST_FILES, MOST_DIRECTORY_BYTES, MOST_CHRONICLE_BYTES = 4000, 1 << 20, 1 << 36
_TOP = {layout.CAMPAIGN: MAX_BYTES[layout.CAMPAIGN], layout.GHOST: 1 << 24, layout.CHRONICLE: MOST_CHRONICLE_BYTES}
_IN_SAVE = re.compile(rf"{layout.SAVES}/([\w-]{{1,200}})/([\w.]+)", re.ASCII)
_CHUNK = 1 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError)
"""What reading a hostile or broken zip raises."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The archive's own manifest."""

    format_version: int
    rolltrain: str
    run: str
    latest: str
    files: tuple[FileRecord, ...]


# Out.


def pack(run: Path, target: Path) -> list[str]:
    """Write a run into a new archive; a sentence for each part that was left out. SaveError, also when the run is being played."""
    run, left_out = slots.run_of(run), list[str]()
    if target.exists() or target.is_symlink():
        raise SaveError(f"{target} is there already, so it is left alone")
    with atomic_files.saying(SaveError, "the run cannot be read"), Lock(run, to_read=True):
        paths = [run / name for name in _TOP if (run / name).is_file()]
        for folder, _ in slots.newest_first(run):
            if damage := manifest.full_check(folder):
                left_out.append(damage)
            else:
                paths += [folder / name for name in MAX_BYTES]
        write(target, run.name, {_name_of(run, path): path for path in paths}, latest=slots.pointed_to(run) or "")
    return left_out


def write(target: Path, run: str, names: dict[str, Path], *, latest: str = "") -> None:
    """Write files under these names into a new archive. SaveError, also when the archive exists."""
    if target.exists() or target.is_symlink():
        raise SaveError(f"{target} is there already, so it is left alone")
    aside = target.with_name(f".tmp-{target.name}-{secrets.token_hex(4)}")
    try:
        _write(aside, Contents(ARCHIVE_VERSION, __version__, run, latest, _records(names)), names)
        aside.replace(target)
        atomic_files.sync_folder(target.parent)
    except OSError as error:
        raise SaveError(f"the archive {target} cannot be written: {atomic_files.refusal(error)}") from None
    finally:
        aside.unlink(missing_ok=True)


def _name_of(run: Path, path: Path) -> str:
    return path.name if path.parent == run else f"{layout.SAVES}/{slots.slot_name(path.parent)}/{path.name}"


def _records(names: dict[str, Path]) -> tuple[FileRecord, ...]:
    found = []
    for name, path in names.items():
        digest, size = hashlib.sha256(), 0
        with _source(path) as source:
            while chunk := source.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
        found.append(FileRecord(name, size, digest.hexdigest()))
    return tuple(found)


def _source(path: Path) -> BinaryIO:
    """A long chronicle is several files; in the archive it is one."""
    return rotating_log.reader(path) if path.name == layout.CHRONICLE else path.open("rb")


def _write(target: Path, contents: Contents, names: dict[str, Path]) -> None:
    with target.open("xb") as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(_entry(CONTENTS), dump_json(codec(Contents).dump(contents)))
            for name, path in names.items():
                with _source(path) as source, archive.open(_entry(name), "w", force_zip64=True) as sink:
                    shutil.copyfileobj(source, sink, _CHUNK)
        file.flush()
        os.fsync(file.fileno())


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_STORED if name.endswith(layout.WEIGHTS) else zipfile.ZIP_DEFLATED
    entry.external_attr = 0o100644 << 16
    return entry


# In.


def unpack(archive: Path, root: Path, name: str | None = None) -> Path:
    """Extract the run in an archive into a new folder under `root`; that folder. SaveError, and then nothing is left behind.

    `name`: of the folder, in place of the run's own; it is refused where it is no plain name.
    """
    if name is not None and name != (plain := plain_name(name, "run")):
        raise SaveError(f"no run can be called {name[:60]!a}: a name has small letters, digits and hyphens, such as --as {plain}")
    with atomic_files.saying(SaveError, f"the run cannot be brought into {root}"):
        root.mkdir(parents=True, exist_ok=True)
        with opened(archive) as (zipped, contents):
            folder = root / plain_name(contents.run if name is None else name, "run")
            if folder.exists() or folder.is_symlink():
                raise SaveError(f"there is a run {folder.name} already, so it is left alone; --as NAME brings this one in under another")
            if sum(record.size for record in contents.files) > shutil.disk_usage(root).free:
                raise SaveError(f"there is no room for the run in {root}")
            aside = root / f".tmp-{folder.name}-{secrets.token_hex(4)}"
            try:
                aside.mkdir()
                extract(zipped, contents, aside)
                _point(aside, contents.latest)
                aside.rename(folder)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
            atomic_files.sync_folder(root)
            return folder


@contextmanager
def opened(path: Path, most: Callable[[str], int] | None = None) -> Iterator[tuple[zipfile.ZipFile, Contents]]:
    """The zip and its checked contents. SaveError for every other file, also while it is read.

    `most` gives the most bytes of a file by its name, or RecordError for a name that does not belong there; without it those of a run.
    """
    shown = printable(path.name)
    try:
        fd = atomic_files.open_plain(path)
    except atomic_files.NotPlainFile as error:
        raise SaveError(str(error)) from None
    except OSError as error:
        raise SaveError(f"the archive {printable(path)} cannot be read: {error.strerror or error}") from None
    try:
        with os.fdopen(fd, "rb") as file:
            _check_directory(file)
            with zipfile.ZipFile(file) as zipped:
                yield zipped, _contents_of(zipped, most or _most)
    except SaveError:
        raise
    except _BROKEN as error:
        raise SaveError(f"{shown} is not an archive of a run, or is damaged: {printable(str(error))[:200]}") from None


def _check_directory(file: IO[bytes]) -> None:
    """Refuse a zip whose directory is longer than that of any archive we write: zipfile reads all of it into memory."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - (1 << 16) - 100))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) - end < 22:
        raise zipfile.BadZipFile("it has no end record")
    entries, length = struct.unpack("<HL", tail[end + 10 : end + 16])
    if (far := tail.rfind(b"PK\x06\x06")) >= 0 and len(tail) - far >= 56:
        entries, length = max(entries, struct.unpack("<Q", tail[far + 32 : far + 40])[0]), struct.unpack("<Q", tail[far + 40 : far + 48])[0]
    if entries > MOST_FILES or length > MOST_DIRECTORY_BYTES:
        raise zipfile.BadZipFile(f"it claims to hold {entries} files")


def _contents_of(zipped: zipfile.ZipFile, most_of: Callable[[str], int]) -> Contents:
    """The manifest, compared with the zip's own directory. RecordError, BadZipFile."""
    entries = _members(zipped)
    if CONTENTS not in entries:
        raise RecordError(f"it has no {CONTENTS}")
    plain = parse_json(_read(zipped, entries[CONTENTS], 1 << 22))
    if isinstance(plain, dict) and isinstance(plain.get("format_version"), int) and plain["format_version"] > ARCHIVE_VERSION:
        raise SaveError(f"the archive was written by a newer rolltrain (format {plain['format_version']}); update first")
    contents = codec(Contents).load(plain)
    if {record.name for record in contents.files} | {CONTENTS} != entries.keys() or len(contents.files) + 1 != len(entries):
        raise RecordError(f"{CONTENTS} names other files than it holds")
    for record in contents.files:
        entry, most = entries[record.name], most_of(record.name)
        if entry.create_system == 3 and entry.external_attr >> 28 not in (0, 8):
            raise RecordError(f"{printable(record.name)} is not a plain file")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise RecordError(f"{printable(record.name)} is compressed in a way that no archive of ours is")
        if record.size != entry.file_size or not 0 <= record.size <= most:
            raise RecordError(f"{printable(record.name)} is said to have {record.size} bytes")
    return contents


def _members(zipped: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The files by their names in the run: without the one folder around all of them, and what a system has added. RecordError."""
    entries = [entry for entry in zipped.infolist() if not entry.filename.endswith("/")]  # `is_dir` of Python 3.11 fails on an empty name
    members = [entry for entry in entries if not any(map(of_a_system, entry.filename.split("/")))]
    around = {entry.filename.partition("/")[0] for entry in members}
    folder = f"{around.pop()}/" if len(around) == 1 and around.isdisjoint(("", ".", "..")) else ""
    found = {entry.filename.removeprefix(folder): entry for entry in members}
    if len(found) != len(members):
        raise RecordError("it has a file twice")
    return found


def _most(name: str) -> int:
    """The most bytes that a file of this name may have. RecordError for a name that no run has."""
    if name in _TOP:
        return _TOP[name]
    match = _IN_SAVE.fullmatch(name)
    if match is None or match[2] not in MAX_BYTES:
        raise RecordError(f"it holds a file {printable(name)[:100]!r}, and no run does")
    return MAX_BYTES[match[2]]


def _read(zipped: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    if entry.file_size > most:
        raise RecordError(f"{CONTENTS} is far too large")
    with zipped.open(entry) as source:
        return source.read(most)


def extract(zipped: zipfile.ZipFile, contents: Contents, folder: Path) -> None:
    """Extract every file and check its hash; then check every save by its own manifest."""
    members = _members(zipped)
    for record in contents.files:
        path = folder / record.name
        path.parent.mkdir(parents=True, exist_ok=True)
        digest, left = hashlib.sha256(), record.size
        with zipped.open(members[record.name]) as source, path.open("xb") as sink:
            while chunk := source.read(min(_CHUNK, left + 1)):
                left -= len(chunk)
                if left < 0:
                    raise RecordError(f"{record.name} is longer than it is said to be")
                digest.update(chunk)
                sink.write(chunk)
            sink.flush()
            os.fsync(sink.fileno())
        if left or digest.hexdigest() != record.sha256:
            raise RecordError(f"{record.name} is damaged (its checksum is wrong)")
    for save, _ in slots.newest_first(folder):
        if damage := manifest.full_check(save):
            raise RecordError(damage)
        atomic_files.sync_folder(save)
    if not slots.is_run(folder):
        raise RecordError("there is neither a chronicle nor a save in it")


def _point(folder: Path, latest: str) -> None:
    """Write the pointer: to the save that it pointed to, else to the newest."""
    names = [slots.slot_name(save) for save, _ in slots.newest_first(folder)]
    if names:
        slots.point_to(folder, latest if latest in names else names[0])
    else:
        (folder / layout.SAVES).mkdir(exist_ok=True)
    atomic_files.sync_folder(folder)


def default_name(run: Path) -> str:
    return f"{slots.run_of(run).name}.rolltrain.zip"
