"""Which run a job of torchrun plays: ranks that torchrun starts anew, because one of them has died, go on with it.

The first rank notes it in the folder of runs, under the job's name. The job's own store is no place for it: it is made anew each time.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from rolltrain_tui.base import atomic_files


def remember(runs: Path, folder: Path) -> None:
    """This job plays the run in this folder. OSError."""
    atomic_files.replace(_note(runs), os.fsencode(folder.resolve()))


def remembered(runs: Path) -> Path | None:
    """The run that this job plays; None where it has not begun one."""
    with suppress(OSError):
        return Path(os.fsdecode(atomic_files.content_of(_note(runs))))
    return None


def forget(runs: Path) -> None:
    """The job is over, or another of the same name begins."""
    with suppress(OSError):
        _note(runs).unlink()


def _note(runs: Path) -> Path:
    """By the job's id where it has one of its own, else by the process of torchrun that started this rank."""
    job = os.environ.get("TORCHELASTIC_RUN_ID", "none")
    name = f"process {os.getppid()}" if job == "none" else job
    return runs / f".job-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
