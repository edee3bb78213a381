"""Saves: what a run has come to, kept so that a crash, a full disk or a rotten bit never costs more than the turns since the last one.

    RUN/
      campaign.yaml         the campaign as it was begun
      chronicle.jsonl       the story so far; of a long one the end, after chronicle-0001.jsonl, chronicle-0002.jsonl ...
      latest                the name of the newest save, with its CRC-32
      lock                  held while the run is played
      saves/turn-000037/    campaign.yaml  state.json  weights.safetensors  manifest.json

A save is written aside, brought to the disk, named, and only then pointed to. Its manifest holds the size and SHA-256 of every file and of
itself; all are checked before anything is read out of them. Nothing in a save is ever executed: safetensors and JSON only.

Listing, describing and deleting runs load no torch.
"""

from rolltrain_tui.runs.saves.layout import is_latest, run_of
from rolltrain_tui.runs.saves.listing import RunDetails, RunSummary, SlotSummary, delete, describe, list_runs, new_run_folder, saves_root
from rolltrain_tui.runs.saves.lock import Lock
from rolltrain_tui.runs.saves.manifest import SaveError, Summary, full_check
from rolltrain_tui.runs.saves.migrations import FORMAT_VERSION
from rolltrain_tui.runs.saves.store import Snapshot, read, read_state, write

__all__ = [
    "FORMAT_VERSION",
    "Lock",
    "RunDetails",
    "RunSummary",
    "SaveError",
    "SlotSummary",
    "Snapshot",
    "Summary",
    "delete",
    "describe",
    "full_check",
    "is_latest",
    "list_runs",
    "new_run_folder",
    "read",
    "read_state",
    "run_of",
    "saves_root",
    "write",
]
