"""Run folders: where they are kept, what is in them, and how one is made, branched or removed. No torch here."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from rolltrain_tui.base import atomic_files
from rolltrain_tui.runs import layout
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.runs.results import result_of
from rolltrain_tui.runs.saves import manifest, slots
from rolltrain_tui.runs.saves.lock import Lock
from rolltrain_tui.runs.saves.manifest import SaveError, Summary
from rolltrain_tui.runs.saves.store import plain_name
from rolltrain_tui.story.judgement import Outcome

Check = Callable[[Path], str]
"""What is wrong with a save; "" when nothing is."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What the list of runs shows of one: its latest good save."""

    folder: Path
    campaign: str
    hero: str
    hero_class: str
    level: int
    turn: int
    turns: int
    value: float | None
    saved_at: float
    """Unix time in seconds."""
    ending: str | None
    outcome: Outcome | None = None
    """The judgement of a finished run beside plain training, where its event log can be read."""
    label: str = "val"
    """What the value is, in one word."""
    damage: str = ""
    """What is wrong with the run, if anything. When no save is good, the fields above are empty but for folder and time."""


@dataclass(frozen=True, slots=True)
class SlotSummary:
    """One save of a run."""

    folder: Path
    name: str
    """As the player typed it, or the folder's name."""
    latest: bool
    kept: bool
    saved_at: float
    size: int
    """Bytes."""
    summary: Summary | None
    damage: str = ""


@dataclass(frozen=True, slots=True)
class RunDetails:
    run: RunSummary
    slots: tuple[SlotSummary, ...]
    """Newest first."""
    events: int
    """Good lines in the event_log."""
    chronicle_damage: str
    """What is wrong with the chronicle; "" when nothing is."""


def new_run_folder(root: Path, campaign_name: str, seed: int) -> Path:
    """Make a new folder for a run, with a readable name made from the campaign's. SaveError."""
    stem = f"{plain_name(campaign_name, 'run')}-seed{seed}"
    with atomic_files.saying(SaveError, f"no folder for the run can be made in {root}"):
        root.mkdir(parents=True, exist_ok=True)
        for number in count(1):
            folder = root / (stem if number == 1 else f"{stem}-{number}")
            if _make(folder):
                break
        (folder / layout.SAVES).mkdir()
    return folder


def _make(folder: Path) -> bool:
    try:
        folder.mkdir()
    except FileExistsError:
        if folder.parent.is_dir():
            return False
        raise
    return True


def branch_folder(run: Path, campaign_name: str, seed: int, events: int, root: Path | None = None) -> Path:
    """A new run folder with the campaign of `run`, its ghost and the first `events` events of its story. SaveError.

    `root`: where; beside `run` without it.
    """
    folder = new_run_folder(root or run.parent, f"{campaign_name} branch", seed)
    with filling(folder):
        event_log.copy_story(run / layout.CHRONICLE, folder / layout.CHRONICLE, events)
        for name in (layout.CAMPAIGN, layout.GHOST):
            if (run / name).is_file():
                shutil.copyfile(run / name, folder / name)
    return folder


@contextmanager
def filling(folder: Path) -> Iterator[None]:
    """Inside, the first files are written into a new run folder. It is removed where that fails. SaveError for an OSError."""
    try:
        with atomic_files.saying(SaveError, f"the run cannot be written in {folder}"):
            yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def list_runs(root: Path) -> list[RunSummary]:
    """All runs in `root`, the one saved last first. Damaged ones are listed with what is wrong."""
    try:
        folders = [child for child in root.iterdir() if not child.name.startswith(".") and child.is_dir() and not child.is_symlink()]
    except OSError:
        return []
    runs = [_summary_of(folder) for folder in folders if slots.is_run(folder)]
    return sorted(runs, key=lambda run: (-run.saved_at, run.folder.name))


def describe(run: Path) -> RunDetails:
    """A run (or the run of a save) with all its saves; every byte of them is read and checked. SaveError."""
    run = slots.run_of(run)
    pointed = slots.pointed_to(run)
    saved = tuple(_slot_of(folder, slots.slot_name(folder) == pointed, manifest.full_check) for folder, _ in slots.newest_first(run))
    return RunDetails(_summary_of(run, manifest.full_check), saved, *event_log.inspect(run / layout.CHRONICLE))


def delete(run: Path) -> None:
    """Remove a run with all its saves. SaveError when it is not a run, is a link, or is being played."""
    run = slots.place(run)
    if run.is_symlink() or not (run / layout.SAVES).is_dir() or not slots.is_run(run):
        raise SaveError(f"{run} is not a run, so it is left alone")
    with Lock(run):
        pass
    with atomic_files.saying(SaveError, f"the run {run.name} cannot be removed"):
        atomic_files.discard(run)


def _summary_of(run: Path, check: Check | None = None) -> RunSummary:
    """From the save that opening the run would open. Without `check` only names and sizes are looked at."""
    order, trouble = slots.in_order(run)
    damage = [trouble] if trouble else []
    for folder in order:
        slot = _slot_of(folder, latest=False, check=check)
        if slot.damage:
            damage.append(slot.damage)
        elif (summary := slot.summary) is not None:
            result = result_of(run) if summary.ending else None
            ended = {} if result is None else {"value": result.ended.value, "outcome": result.judgement.outcome}
            return RunSummary(folder=run, saved_at=slot.saved_at, damage="; ".join(damage), **asdict(summary) | ended)
    return RunSummary(run, "", "", "", 0, 0, 0, None, _changed_at(run), None, damage="; ".join(damage) or "no save yet")


def _slot_of(folder: Path, latest: bool, check: Check | None = None) -> SlotSummary:
    try:
        contents = manifest.load(folder)
    except SaveError as error:
        return SlotSummary(folder, slots.slot_name(folder), latest, False, _changed_at(folder), 0, None, str(error))
    size = sum(record.size for record in contents.files)
    name, damage = contents.name or slots.slot_name(folder), check(folder) if check is not None else manifest.quick_check(folder, contents)
    return SlotSummary(folder, name, latest, contents.kept, contents.created, size, contents.summary, damage)


def _changed_at(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0
