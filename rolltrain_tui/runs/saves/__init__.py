"""Saves: everything a run is between two turns, on disk. A crash, a full disk or a damaged file costs only the turns since the last one.

A save is written aside, synced, renamed into place, and then pointed to by `latest` (file names: runs/layout.py). Its manifest holds the
size and SHA-256 of every file, itself included. All are checked before anything is used. No save can run code: safetensors and JSON only.

Listing, describing and deleting runs load no torch.
"""

from rolltrain_tui.runs.root import saves_root
from rolltrain_tui.runs.saves.listing import (
    RunDetails,
    RunSummary,
    SlotSummary,
    branch_folder,
    delete,
    describe,
    filling,
    list_runs,
    new_run_folder,
)
from rolltrain_tui.runs.saves.lock import Lock, is_held
from rolltrain_tui.runs.saves.manifest import SaveError, Summary, full_check
from rolltrain_tui.runs.saves.migrations import FORMAT_VERSION
from rolltrain_tui.runs.saves.slots import is_latest, run_of
from rolltrain_tui.runs.saves.store import SavedPlace, Snapshot, last_saved, read, read_state, write

__all__ = [
    "FORMAT_VERSION",
    "Lock",
    "RunDetails",
    "RunSummary",
    "SaveError",
    "SavedPlace",
    "SlotSummary",
    "Snapshot",
    "Summary",
    "branch_folder",
    "delete",
    "describe",
    "filling",
    "full_check",
    "is_held",
    "is_latest",
    "last_saved",
    "list_runs",
    "new_run_folder",
    "read",
    "read_state",
    "run_of",
    "saves_root",
    "write",
]
