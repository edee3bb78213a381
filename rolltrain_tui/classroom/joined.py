"""Who joined which assignment on this computer: by the seed of a run it is known whose it is."""

from dataclasses import dataclass
from pathlib import Path

from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.json_records import RecordError, codec, dump_json, parse_json

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


def remember(root: Path, joined: Joined) -> None:
    """Write it down under the folder of the runs. OSError."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    atomic_files.replace(folder / f"{joined.seed}.json", dump_json(codec(Joined).dump(joined)).encode("ascii"))


def find(root: Path, seed: int) -> Joined | None:
    """Who joined with this seed; None where nobody did here."""
    try:
        found: Joined = codec(Joined).load(parse_json((root / FOLDER / f"{seed}.json").read_bytes()))
    except (OSError, RecordError):
        return None
    return found
