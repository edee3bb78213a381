"""The saves of a run folder: found, ordered, pointed to, and tidied after a crash.

Names with a leading dot are temporary: .tmp-X is being written, .gone-X is being removed, .old-X is save X while a new X replaces it.
"""

import contextlib
import re
import shutil
import zlib
from pathlib import Path

from rolltrain_tui.base import atomic_files
from rolltrain_tui.runs.layout import CAMPAIGN, CHRONICLE, LATEST, LOCK, MANIFEST, SAVES
from rolltrain_tui.runs.saves.manifest import AUTOSAVE, Manifest, SaveError, load

_PLACEHOLDER = ".icloud"
_POINTER = re.compile(r"([\w-]{1,200}) ([0-9a-f]{8})\n", re.ASCII)


def place(path: Path) -> Path:
    """The absolute path, with links before the last name resolved."""
    return path.resolve() if path.name in ("", "..") else path.parent.resolve() / path.name


def is_run(path: Path) -> bool:
    """Whether `path` is a run folder, judged by its contents."""
    if (path / MANIFEST).exists():
        return False
    if (path / CHRONICLE).is_file():
        return True
    if not (path / SAVES).is_dir():
        return False
    return (path / LATEST).is_file() or (path / CAMPAIGN).is_file() or {child.name for child in path.iterdir()} <= {SAVES, LOCK}


def run_of(path: Path) -> Path:
    """The run folder that `path`, a run or one of its saves, belongs to. SaveError."""
    path = place(path)
    if is_run(path):
        return path
    if path.parent.name == SAVES and is_run(path.parent.parent):
        return path.parent.parent
    if path.exists():
        raise SaveError(f"{path} is neither a run nor a save of one")
    raise SaveError(f"there is no run or save at {path}")


def is_latest(path: Path) -> bool:
    """Whether `path` is a run or the save that the run points to, so that opening it continues the run. SaveError."""
    path, run = place(path), run_of(path)
    if path == run:
        return True
    there = [folder for folder in in_order(run)[0] if folder.is_dir()]
    return bool(there) and slot_name(there[0]) == slot_name(path)


def autosave_name(turn: int) -> str:
    return f"turn-{turn:06d}"


def autosave_turn(name: str) -> int | None:
    """The turn of a save that is named as autosaves are."""
    match = AUTOSAVE.fullmatch(name)
    return int(match[1]) if match else None


def slot_name(folder: Path) -> str:
    return folder.name.removeprefix(".old-")


def find(run: Path, name: str) -> Path:
    """The folder of a save by its name, also after a crash while it was being replaced."""
    folder, old = run / SAVES / name, run / SAVES / f".old-{name}"
    return old if old.is_dir() and not folder.exists() else folder


def newest_first(run: Path) -> list[tuple[Path, Manifest | None]]:
    """All save folders of a run with their manifests, newest first; those without a readable manifest come last.

    Other programs put files there (desktop.ini, copies of a cloud tool): a save is a folder.
    """
    try:
        names = {slot_name(child) for child in (run / SAVES).iterdir() if not child.name.startswith((".tmp-", ".gone-")) and child.is_dir()}
    except OSError:
        return []
    folders = (find(run, name) for name in names if not name.startswith("."))
    return sorted(((folder, glance(folder)) for folder in folders), key=_age, reverse=True)


def in_order(run: Path) -> tuple[list[Path], str]:
    """The save folders in the order to try them: the one pointed to, then the newest first. And what is wrong with the pointer, or ""."""
    pointed, others = pointed_to(run), [folder for folder, _ in newest_first(run)]
    if pointed is None:
        return others, "the pointer to the latest save is damaged" if others else ""
    first = find(run, pointed)
    return [first, *(folder for folder in others if folder != first)], ""


def _age(slot: tuple[Path, Manifest | None]) -> tuple[float, int, str]:
    folder, manifest = slot
    return (manifest.created, manifest.summary.turn, folder.name) if manifest else (-1.0, autosave_turn(folder.name) or 0, folder.name)


def glance(folder: Path) -> Manifest | None:
    """The manifest, if there is a good one."""
    try:
        return load(folder)
    except SaveError:
        return None


def check_fetched(path: Path) -> None:
    """SaveError where iCloud left a placeholder for a file of a run or a save: without the file the run would go back to an older save."""
    for placeholder in path.rglob(f".*{_PLACEHOLDER}"):
        file = placeholder.with_name(placeholder.name.removeprefix(".").removesuffix(_PLACEHOLDER))
        if not file.exists():
            raise SaveError(
                f"{file} is in iCloud and not on this disk; let the Finder download the folder {path.name} first, then try again"
            )


def point_to(run: Path, name: str) -> None:
    """Point `latest` to the save `name`. OSError."""
    atomic_files.replace(run / LATEST, f"{name} {zlib.crc32(name.encode()):08x}\n".encode())


def pointed_to(run: Path) -> str | None:
    """The name `latest` holds; None when it is missing or damaged."""
    try:
        if (run / LATEST).is_symlink() or (run / LATEST).stat().st_size > 1000:
            return None
        match = _POINTER.fullmatch(atomic_files.content_of(run / LATEST).decode())
    except (OSError, ValueError):
        return None
    return match[1] if match and int(match[2], 16) == zlib.crc32(match[1].encode()) else None


def settle(run: Path) -> None:
    """Finish or undo what a crash interrupted. The caller holds the run's Lock."""
    for stray in run.glob(".tmp-*"):
        with contextlib.suppress(OSError):
            stray.unlink()
    for stray in (run / SAVES).glob(".*"):
        with contextlib.suppress(OSError):
            if stray.name.startswith((".tmp-", ".gone-")):
                shutil.rmtree(stray, ignore_errors=True)
            elif find(run, slot_name(stray)) == stray:
                stray.rename(stray.with_name(slot_name(stray)))
            elif stray.name.startswith(".old-"):
                atomic_files.discard(stray)
