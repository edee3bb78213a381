"""Finished cells on disk: one JSON file each, named by the hash of everything that decides the result."""

import json
import re
from pathlib import Path

from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.json_records import parse_json
from rolltrain_tui.experiment.grid import Cell, ExperimentError
from rolltrain_tui.experiment.run import Result

CELLS = "cells"


def make(folder: Path) -> None:
    """The folder of an experiment, where there is none yet. ExperimentError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExperimentError(f"{folder} cannot be made ({error.strerror}); name another folder with --out.") from None


def path_of(folder: Path, cell: Cell) -> Path:
    name = re.sub(r"[^a-z0-9]+", "-", cell.label.lower())
    return folder / CELLS / f"{name}-{cell.sha256[:12]}.json"


def write(folder: Path, cell: Cell, result: Result) -> None:
    """Write a finished cell in one step. OSError."""
    path = path_of(folder, cell)
    path.parent.mkdir(parents=True, exist_ok=True)
    page = {"cell": cell.label, "sha256": cell.sha256, "result": result.as_json()}
    atomic_files.replace(path, json.dumps(page, indent=1, allow_nan=False).encode() + b"\n")


def read(folder: Path, cell: Cell) -> Result | None:
    """The cell's result if it was stored before; None without a file, and for a damaged or foreign one. OSError for a folder."""
    try:
        page = parse_json(atomic_files.content_of(path_of(folder, cell)))
        return Result.of_json(page["result"]) if page["sha256"] == cell.sha256 else None
    except IsADirectoryError:
        raise  # the result could not be stored in its place
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
