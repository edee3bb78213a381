"""Writing and reading saves. A save is written aside, synced and renamed into place; nothing is used before its checksum is checked."""

import contextlib
import json
import math
import secrets
import shutil
import time
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolltrain_tui import __version__
from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.json_records import NONFINITE, RecordError, parse_json
from rolltrain_tui.protocol.machine import Machine
from rolltrain_tui.runs import layout
from rolltrain_tui.runs.layout import CAMPAIGN, MANIFEST, STATE, WEIGHTS
from rolltrain_tui.runs.saves import manifest, slots
from rolltrain_tui.runs.saves.manifest import Manifest, SaveError, Summary
from rolltrain_tui.runs.saves.migrations import FORMAT_VERSION, bring_up
from rolltrain_tui.runs.saves.tensors import pack, unpack

if TYPE_CHECKING:
    from torch import Tensor

_FLOAT = "$float"
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


@dataclass(slots=True)
class Snapshot:
    """The whole state of a run between two turns."""

    config_text: str
    state: dict[str, Any]
    """JSON values. Floats may be infinite or NaN."""
    tensors: "dict[str, Tensor]"
    summary: Summary
    threads: int | None = None
    """CPU threads that train; None: as many as torch has."""
    machine: Machine | None = None
    """What trained; None where it is not known."""
    note: str = ""
    """After reading: a sentence for the player if something was wrong; else empty."""


def write(run: Path, snapshot: Snapshot, *, name: str, keep: int | None) -> Path:
    """Save into the run folder and point `latest` there; the save's folder.

    `name` is the player's, "" for turn-NNNNNN. keep=None marks the save as the player's own, and it always stays. Otherwise it is an
    autosave, and only the `keep` newest autosaves stay. Named saves always stay. A save of the same name is replaced. The caller holds
    the run's Lock. OSError when the disk refuses; earlier saves are intact then.
    """
    (run / layout.SAVES).mkdir(parents=True, exist_ok=True)
    slots.settle(run)
    folder = run / layout.SAVES / _slot(run, name, snapshot.summary.turn)
    replaced = slots.glance(folder)
    kept = bool(name) or keep is None or (folder.exists() if replaced is None else replaced.kept)
    aside = folder.with_name(f".tmp-{folder.name}-{secrets.token_hex(4)}")
    try:
        aside.mkdir()
        _fill(aside, snapshot, name, kept, _after_the_others(run))
        _put_into_place(aside, folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    slots.point_to(run, folder.name)
    if keep is not None:
        _prune(run, folder, keep)
    return folder


def read(path: Path) -> Snapshot:
    """The save in `path`; where that is a run, its latest save, or the newest good one if that is damaged (`note` says so). SaveError."""
    path = slots.place(path)
    if not path.exists() and path.parent.name == layout.SAVES:
        path = slots.find(path.parent.parent, path.name)
    if not path.is_dir():
        raise SaveError(f"there is no run or save at {path}")
    slots.check_fetched(path)
    if slots.is_run(path):
        return _read_run(path)
    if not any((path / name).exists() for name in (MANIFEST, STATE)):
        raise SaveError(f"{path} is neither a run nor a save of one")
    try:
        return _read_save(path)
    except SaveError as error:
        raise SaveError(f"{error}{_instead(path)}") from None


def read_state(folder: Path) -> dict[str, Any]:
    """The state of a save without its tensors; loads no torch. SaveError."""
    contents = manifest.load(folder)
    record = next(record for record in contents.files if record.name == STATE)
    try:
        return bring_up(contents.format_version, "", load_state(manifest.read_verified(folder, record)))[1]
    except RecordError as error:
        raise SaveError(f"save {folder.name} cannot be read: {error}") from None


@dataclass(frozen=True, slots=True)
class SavedPlace:
    """Where a save stands in its run's story."""

    turn: int
    events: int


def last_saved(run: Path) -> SavedPlace | None:
    """The newest save of a run, without its tensors; None where there is none. SaveError."""
    for folder, contents in slots.newest_first(run):
        if contents is not None:
            events = read_state(folder).get("events")
            return SavedPlace(contents.summary.turn, events if isinstance(events, int) else 0)
    return None


def _after_the_others(run: Path) -> float:
    """The time of a new save. A clock that was put back must not make it older than the run's others, which would be kept in its place."""
    newest = max((contents.created for _, contents in slots.newest_first(run) if contents is not None), default=0.0)
    return max(time.time(), math.nextafter(newest, math.inf))


def _fill(folder: Path, snapshot: Snapshot, name: str, kept: bool, created: float) -> None:
    """Write and sync all files of a save."""
    import torch

    files: dict[str, bytes | bytearray] = {
        CAMPAIGN: snapshot.config_text.encode("utf-8"),
        STATE: dump_state(snapshot.state),
        WEIGHTS: pack(snapshot.tensors),
    }
    contents = Manifest(
        format_version=FORMAT_VERSION,
        rolltrain=__version__,
        torch=str(torch.__version__),
        threads=snapshot.threads or torch.get_num_threads(),
        created=created,
        name=name,
        kept=kept,
        summary=snapshot.summary,
        machine=snapshot.machine,
        files=tuple(manifest.record_of(file, data) for file, data in files.items()),
    )
    for file, data in files.items():
        atomic_files.write_new(folder / file, data)
    atomic_files.write_new(folder / MANIFEST, manifest.dump(contents))
    atomic_files.sync_folder(folder)


def _put_into_place(aside: Path, folder: Path) -> None:
    """Rename the finished save into place. During the swap the old save is at .old-NAME."""
    old = folder.with_name(f".old-{folder.name}")
    replacing = folder.exists()
    if replacing:
        folder.rename(old)
    try:
        aside.rename(folder)
    except BaseException:
        if replacing:
            with contextlib.suppress(OSError):
                old.rename(folder)
        raise
    atomic_files.sync_folder(folder.parent)
    if replacing:
        with contextlib.suppress(OSError):
            atomic_files.discard(old)


def _prune(run: Path, written: Path, keep: int) -> None:
    """Remove autosaves beyond the `keep` newest. Unreadable saves stay, and so do folders that cannot be removed."""
    autosaves = [written]
    for folder, contents in slots.newest_first(run):
        if folder != written and slots.autosave_turn(folder.name) is not None and contents is not None and not contents.kept:
            autosaves.append(folder)
    for folder in autosaves[keep:]:
        with contextlib.suppress(OSError):
            atomic_files.discard(folder)


def _slot(run: Path, name: str, turn: int) -> str:
    """The folder name for a save: by turn, or made from the player's text."""
    if not name:
        return slots.autosave_name(turn)
    stem = plain_name(name, "save")
    if slots.autosave_turn(stem) is not None:
        stem = f"named-{stem}"
    number, slot = 1, stem
    while (folder := slots.find(run, slot)).exists() and ((other := slots.glance(folder)) is None or other.name != name):
        number += 1
        slot = f"{stem}-{number}"
    return slot


def plain_name(text: str, otherwise: str) -> str:
    """A short lower-case file name of ASCII letters, digits and hyphens, valid on every system; `otherwise` if no character is left."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii").lower()
    words = "".join(ch if ch.isalnum() else " " for ch in ascii_text).split()
    name = "-".join(words)[:40].strip("-") or otherwise
    return f"{otherwise}-{name}" if name in _RESERVED else name


def _read_run(run: Path) -> Snapshot:
    order, trouble = slots.in_order(run)
    if not order:
        raise SaveError(f"the run {run.name} has no save yet")
    troubles, missed = [trouble] if trouble else [], 0
    for folder in order:
        try:
            snapshot = _read_save(folder)
        except SaveError as error:
            troubles.append(str(error))
            missed = max(missed, _turn_of(folder))
        else:
            if troubles:
                snapshot.note = _fallback_note(troubles, slots.slot_name(folder), snapshot, missed)
            return snapshot
    raise SaveError(f"no save of the run {run.name} can be opened: {'; '.join(troubles)}")


def _instead(folder: Path) -> str:
    """The newest good save of the same run, as the end of an error message about a damaged one."""
    if folder.parent.name != layout.SAVES:
        return ""
    turn = _turn_of(folder)
    for other, contents in slots.newest_first(folder.parent.parent):
        if contents is not None and other != folder and not manifest.full_check(other):
            lost = turn - contents.summary.turn
            cost = f", {counted(lost, 'turn')} before it" if lost > 0 else ""
            return f". The newest good save of the run is {slots.slot_name(other)} (turn {contents.summary.turn}{cost}): {other}"
    return ". No other save of the run is good"


def _fallback_note(troubles: list[str], name: str, snapshot: Snapshot, missed: int) -> str:
    lost = missed - snapshot.summary.turn
    cost = f"; {counted(lost, 'turn')} lost" if lost > 0 else ""
    return f"Opened {name} (turn {snapshot.summary.turn}){cost}: {'; '.join(troubles)}. {snapshot.note}".rstrip()


def _turn_of(folder: Path) -> int:
    """The turn of a damaged save, from its manifest or its name."""
    contents = slots.glance(folder)
    return contents.summary.turn if contents else slots.autosave_turn(slots.slot_name(folder)) or 0


def _read_save(folder: Path) -> Snapshot:
    """Check every file, then read. SaveError."""
    contents = manifest.load(folder)
    files = {record.name: manifest.read_verified(folder, record) for record in contents.files}
    try:
        config_text, state = bring_up(contents.format_version, files[CAMPAIGN].decode("utf-8"), load_state(files[STATE]))
        return Snapshot(
            config_text=config_text,
            state=state,
            tensors=unpack(files[WEIGHTS]),
            summary=contents.summary,
            machine=contents.machine,
            note=_version_note(contents),
        )
    except ValueError as error:
        raise SaveError(f"save {folder.name} cannot be read: {error}") from None


def _version_note(contents: Manifest) -> str:
    import torch

    if contents.torch == str(torch.__version__):
        return ""
    return f"Saved with torch {contents.torch}, this is {torch.__version__}: the run goes on, but not bit for bit as it would have."


def dump_state(state: dict[str, Any]) -> bytes:
    """JSON. A float that is not finite becomes {"$float": "nan"}: after a divergence any part of the state may hold one."""
    try:
        return json.dumps(state, allow_nan=False).encode("ascii")
    except ValueError:
        return json.dumps(_mark(state), allow_nan=False).encode("ascii")


def load_state(data: bytes | bytearray) -> dict[str, Any]:
    """Exact inverse of dump_state. RecordError."""
    state = parse_json(bytes(data))
    if not isinstance(state, dict):
        raise RecordError("the state is not an object")
    return dict(_unmark(state)) if _FLOAT.encode() in data else state


def _mark(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {_FLOAT: str(value)}
    if isinstance(value, dict):
        return {name: _mark(part) for name, part in value.items()}
    return [_mark(part) for part in value] if isinstance(value, list | tuple) else value


def _unmark(value: Any) -> Any:
    if isinstance(value, dict):
        word = value.get(_FLOAT)
        if len(value) == 1 and isinstance(word, str) and word in NONFINITE:
            return NONFINITE[word]
        return {name: _unmark(part) for name, part in value.items()}
    return [_unmark(part) for part in value] if isinstance(value, list) else value
