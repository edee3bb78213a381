"""Who joined which assignment on this computer: by the seed of a run it is known whose it is, and what was asked."""

from dataclasses import dataclass
from pathlib import Path

from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.json_records import RecordError, codec, dump_json, parse_json
from rolltrain_tui.classroom.assignments import assignment as assignments
from rolltrain_tui.classroom.assignments.assignment import Assignment, AssignmentError

FOLDER = "classes"
"""Beside the runs."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A name in an assignment, and its seed."""

    assignment: str
    """Its id."""
    title: str
    name: str
    seed: int


def remember(root: Path, joined: Joined, asked: Assignment) -> None:
    """Write it down under the folder of the runs, with a copy of the assignment. OSError."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    atomic_files.replace(_copy(root, asked.id), assignments.dump(asked))
    atomic_files.replace(folder / f"{joined.seed}.json", dump_json(codec(Joined).dump(joined)).encode("ascii"))


def find(root: Path, seed: int) -> Joined | None:
    """Who joined with this seed; None where nobody did here."""
    return _read(root / FOLDER / f"{seed}.json")


def everyone(root: Path) -> list[Joined]:
    """All who joined here, the last one first."""
    try:
        files = sorted((root / FOLDER).glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
    except OSError:
        return []
    return [found for found in map(_read, files) if found is not None]


def assignment_of(root: Path, joined: Joined) -> Assignment | None:
    """What was asked; None where no good copy is here."""
    try:
        return assignments.read(_copy(root, joined.assignment))
    except AssignmentError:
        return None


def _read(file: Path) -> Joined | None:
    try:
        return codec(Joined).load(parse_json(atomic_files.content_of(file)))
    except (OSError, RecordError):
        return None


def _copy(root: Path, name: str) -> Path:
    return root / FOLDER / f"{name}.class"
