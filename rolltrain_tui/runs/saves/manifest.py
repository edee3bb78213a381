"""The manifest of a save: a summary, and the size and SHA-256 of every file in it, the manifest included."""

import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.json_records import RecordError, codec, dump_json, parse_json
from rolltrain_tui.protocol.machine import Machine
from rolltrain_tui.runs.layout import CAMPAIGN, MANIFEST, STATE, WEIGHTS
from rolltrain_tui.runs.saves.migrations import FORMAT_VERSION

AUTOSAVE = re.compile(r"turn-(\d{6,})")

MAX_BYTES = {MANIFEST: 1 << 20, CAMPAIGN: 1 << 24, STATE: 1 << 28, WEIGHTS: 1 << 38}
"""No file of a save is larger. A larger size in a manifest is refused before reading."""

_HEAD, _HEAD_END = b'{"sha256":"', b'",\n'
_CHUNK = 1 << 22


class SaveError(ValueError):
    """A save or a run folder cannot be used; the message is a sentence for the player."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What lists show of a save."""

    campaign: str
    hero: str
    hero_class: str
    level: int
    turn: int
    turns: int
    value: float | None = field(metadata={"formerly": "val_loss"})
    ending: str | None
    """ "victory", "fallen" or "spent"; None while the campaign goes on."""
    label: str = "val"
    """What the value is, in one word."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    format_version: int
    rolltrain: str
    torch: str
    threads: int
    """CPU threads that train: resuming is bit-exact with the same version and number."""
    created: float
    """Unix time in seconds."""
    name: str
    """As the player typed it; "" for an autosave."""
    kept: bool
    """The player asked for it: never pruned."""
    summary: Summary
    files: tuple[FileRecord, ...]
    machine: Machine | None = None
    """What trained; None in saves that were written before they told it."""


def dump(manifest: Manifest) -> bytes:
    """The file: one JSON object whose first name is the hash of all that follows its line."""
    body = (dump_json(codec(Manifest).dump(manifest))[1:] + "\n").encode("ascii")
    return _HEAD + hashlib.sha256(body).hexdigest().encode("ascii") + _HEAD_END + body


def load(folder: Path) -> Manifest:
    """The manifest of the save in `folder`, checked. SaveError."""
    if folder.is_symlink() or not folder.is_dir():
        raise SaveError(f"there is no save at {folder}" if not folder.is_symlink() else f"{folder} is a link, so it is left alone")
    data = bytes(read_file(folder, MANIFEST))
    start = len(_HEAD) + 64 + len(_HEAD_END)
    body = data[start:]
    if data[:start] != _HEAD + hashlib.sha256(body).hexdigest().encode("ascii") + _HEAD_END:
        raise SaveError(f"save {folder.name}: {MANIFEST} is damaged")
    try:
        plain = parse_json(b"{" + body)
        version = plain.get("format_version") if isinstance(plain, dict) else None
        if type(version) is int and version > FORMAT_VERSION:
            raise SaveError(
                f"save {folder.name} was saved by a newer rolltrain (format {version}, this one reads up to {FORMAT_VERSION}); update first"
            )
        manifest = codec(Manifest).load(plain)
    except RecordError as error:
        raise SaveError(f"save {folder.name}: {MANIFEST} is not a manifest: {error}") from None
    _check(folder, manifest)
    return manifest


def _check(folder: Path, manifest: Manifest) -> None:
    """Check what the types do not."""
    if not 1 <= manifest.format_version <= FORMAT_VERSION:
        raise SaveError(f"save {folder.name}: there is no format {manifest.format_version}")
    named = AUTOSAVE.fullmatch(folder.name.removeprefix(".old-"))
    if named and int(named[1]) != manifest.summary.turn:
        raise SaveError(f"save {folder.name} is damaged: it holds the save of turn {manifest.summary.turn}")
    if sorted(record.name for record in manifest.files) != sorted((CAMPAIGN, STATE, WEIGHTS)):
        raise SaveError(f"save {folder.name}: {MANIFEST} names other files than a save has")
    for record in manifest.files:
        if not 0 <= record.size <= MAX_BYTES[record.name]:
            raise SaveError(f"save {folder.name}: {record.name} is said to have {record.size} bytes")


def record_of(name: str, data: bytes | bytearray) -> FileRecord:
    return FileRecord(name, len(data), hashlib.sha256(data).hexdigest())


def read_verified(folder: Path, record: FileRecord) -> bytearray:
    """The bytes of a file, after checking its hash. SaveError."""
    data = read_file(folder, record.name, record.size)
    if hashlib.sha256(data).hexdigest() != record.sha256:
        raise SaveError(f"save {folder.name}: {record.name} is damaged (its checksum is wrong)")
    return data


def read_file(folder: Path, name: str, size: int | None = None) -> bytearray:
    """The bytes of a plain file of the expected size, and within its bounds. SaveError."""
    try:
        fd = atomic_files.open_plain(folder / name)
        try:
            found = os.fstat(fd).st_size
            _expect_size(folder, name, found, size)
            return _read_up_to(fd, found)
        finally:
            os.close(fd)
    except FileNotFoundError:
        raise SaveError(f"save {folder.name}: {name} is missing") from None
    except atomic_files.NotPlainFile as error:
        raise SaveError(f"save {folder.name}: {error}") from None
    except OSError as error:
        raise SaveError(f"save {folder.name}: {name} cannot be read: {error.strerror or error}") from None


def quick_check(folder: Path, manifest: Manifest) -> str:
    """What is wrong with the files at a glance (names and sizes, no reading); "" when nothing is."""
    for record in manifest.files:
        try:
            found = (folder / record.name).lstat().st_size
            _expect_size(folder, record.name, found, record.size)
        except OSError:
            return f"save {folder.name}: {record.name} is missing"
        except SaveError as error:
            return str(error)
    return ""


def full_check(folder: Path) -> str:
    """What is wrong with a save, every byte of it read; "" when nothing is."""
    try:
        for record in load(folder).files:
            _expect_size(folder, record.name, (folder / record.name).lstat().st_size, record.size)
            if sha256_of(folder / record.name) != record.sha256:
                return f"save {folder.name}: {record.name} is damaged (its checksum is wrong)"
    except FileNotFoundError as error:
        return f"save {folder.name}: {Path(error.filename).name} is missing"
    except OSError as error:
        return f"save {folder.name} cannot be read: {error.strerror or error}"
    except (SaveError, atomic_files.NotPlainFile) as error:
        return str(error)
    return ""


def sha256_of(path: Path) -> str:
    """SHA-256 of a plain file of any size, in little memory. OSError, NotPlainFile."""
    digest, fd = hashlib.sha256(), atomic_files.open_plain(path)
    try:
        while chunk := os.read(fd, _CHUNK):
            digest.update(chunk)
    finally:
        os.close(fd)
    return digest.hexdigest()


def _expect_size(folder: Path, name: str, found: int, size: int | None) -> None:
    if size is not None and found != size:
        raise SaveError(f"save {folder.name}: {name} is damaged ({counted(found, 'byte')} instead of {size})")
    if found > MAX_BYTES[name]:
        raise SaveError(f"save {folder.name}: {name} is far too large ({found} bytes)")


def _read_up_to(fd: int, size: int) -> bytearray:
    data = bytearray()
    while len(data) < size and (chunk := os.read(fd, min(_CHUNK, size - len(data)))):
        data += chunk
    return data
