"""A submission: one file with the story and the campaign of a run, and whose it is. No weights: they are trained again.

    run.json   submission.json   campaign.yaml   chronicle.jsonl

It comes from a stranger: `runs/saves/archive` reads it, which uses nothing before it is checked and makes no path of its names.
"""

import hashlib
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rolltrain_tui import __version__
from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.json_records import RecordError, codec, dump_json, parse_json
from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.runs import layout
from rolltrain_tui.runs.saves import archive, manifest, run_of
from rolltrain_tui.runs.saves.lock import Lock
from rolltrain_tui.runs.saves.manifest import SaveError

VERSION = 1
RECORD = "submission.json"
MOST = {RECORD: 1 << 16, layout.CAMPAIGN: 1 << 20, layout.CHRONICLE: 1 << 26}
"""Bytes of each file. A story of 600 turns has 0.6 MB."""
MOST_ARCHIVE = 1 << 25


@dataclass(frozen=True, slots=True)
class Submission:
    """Whose run it is, by the student's own word."""

    format_version: int
    rolltrain: str
    assignment: str
    """Its id."""
    name: str
    handed_in: float
    """Unix time in seconds, by the student's clock."""


class NoSubmission(ValueError):
    """A file is no submission that can be read. The message is a sentence for the teacher."""


def pack(run: Path, target: Path, assignment: str, name: str) -> None:
    """Write a run's story and campaign into a new file. SaveError, also while the run is being played."""
    folder = run_of(run)
    record = Submission(VERSION, __version__, assignment, name, time.time())
    with TemporaryDirectory(prefix="rolltrain-") as aside, Lock(folder, to_read=True):
        path = Path(aside) / RECORD
        path.write_text(dump_json(codec(Submission).dump(record)), encoding="ascii")
        files = {RECORD: path, layout.CAMPAIGN: folder / layout.CAMPAIGN, layout.CHRONICLE: folder / layout.CHRONICLE}
        for file, source in files.items():
            if not source.is_file():
                raise SaveError(f"there is no {file} in {printable(folder)}: play the run first")
        archive.write(target, folder.name, files)


def unpack(path: Path, folder: Path) -> Submission:
    """Extract a submission into an empty folder, everything checked. NoSubmission, and then the folder's content is of no use.

    It may have been unpacked already, as some browsers do by themselves.
    """
    try:
        if path.is_dir() and not path.is_symlink():
            _copy(path, folder)
            return _record(folder / RECORD)
        if (size := path.lstat().st_size) > MOST_ARCHIVE:
            raise NoSubmission(f"It has {size:,} bytes; a submission has {MOST_ARCHIVE:,} at most.")
        with archive.opened(path, _most) as (zipped, contents):
            if {record.name for record in contents.files} != MOST.keys():
                raise NoSubmission("It is no submission: `rolltrain class submit RUN` makes one.")
            archive.extract(zipped, contents, folder)
        return _record(folder / RECORD)
    except NoSubmission:
        raise
    except (SaveError, RecordError) as error:
        raise NoSubmission(f"It cannot be read: {printable(str(error))[:300]}.") from None
    except OSError as error:
        raise NoSubmission(f"It cannot be read: {error.strerror or error}.") from None


def unpacked(names: Collection[str]) -> bool:
    """Whether a folder with these files is an unpacked submission, or a run that was handed in without packing."""
    return RECORD in names or layout.CHRONICLE in names


def sha256(path: Path) -> str:
    """SHA-256 of a submission's content, packed or unpacked. OSError, NotPlainFile."""
    files = [path / name for name in sorted(MOST)] if path.is_dir() else [path]
    digests = [manifest.sha256_of(file) for file in files]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode("ascii")).hexdigest()


def _copy(unpacked: Path, folder: Path) -> None:
    if not (unpacked / RECORD).exists():
        raise NoSubmission("It is a run, and no submission yet: `rolltrain class submit RUN` makes one.")
    for name, most in MOST.items():
        try:
            data = atomic_files.read_plain(unpacked / name, most + 1)
        except FileNotFoundError:
            raise NoSubmission(f"It was unpacked, and {name} is missing.") from None
        except atomic_files.NotPlainFile as error:
            raise NoSubmission(f"It cannot be read: {error}.") from None
        if len(data) > most:
            raise NoSubmission(f"Its {name} has more than {most:,} bytes.")
        (folder / name).write_bytes(data)


def _record(path: Path) -> Submission:
    plain = parse_json(path.read_bytes())
    if isinstance(plain, dict) and isinstance(version := plain.get("format_version"), int) and version > VERSION:
        raise NoSubmission(f"It was made by a newer rolltrain (format {version}); update first.")
    return codec(Submission).load(plain, "submission")


def _most(name: str) -> int:
    """RecordError for a name that no submission has."""
    if name not in MOST:
        raise RecordError(f"it holds a file {printable(name)[:100]!r}, and no submission does")
    return MOST[name]
