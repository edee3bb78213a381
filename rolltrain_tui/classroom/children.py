"""Children that examine: started, limited, and ended when they take too long."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rolltrain_tui.base.json_records import RecordError, codec, dump_json, parse_json
from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.classroom.assignment import Assignment, AssignmentError
from rolltrain_tui.classroom.examiner import ASSIGNMENT, LIMITS
from rolltrain_tui.classroom.limits import Limits, limits_for
from rolltrain_tui.classroom.result import Reference, Result

_PACKAGE = Path(__file__).resolve().parents[2]
_UNLIMITED = Limits(10**6, 10**6, 1 << 50)
"""For the teacher's own assignment: eleven days."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a child ended."""

    out: bytes
    code: int | None
    """None: it was ended for taking too long."""
    complaint: str


def refer(folder: Path, assignment: Assignment) -> Limits:
    """Train the assignment that is laid out in a folder, and what a submission of it may take. AssignmentError."""
    ended = _run(folder, assignment, _UNLIMITED, "--reference")
    try:
        reference: Reference = codec(Reference).load(parse_json(ended.out))
    except RecordError:
        raise AssignmentError(f"The assignment itself cannot be trained here: {ended.complaint}.") from None
    return limits_for(reference.cpu_seconds, reference.seconds)


def examine(folder: Path, assignment: Assignment, limits: Limits) -> Result:
    """Examine the submission that is laid out in a folder."""
    ended = _run(folder, assignment, limits)
    try:
        result: Result = codec(Result).load(parse_json(ended.out))
    except RecordError:
        return Result(outcome="refused", reason=_why(ended, limits))
    if result.outcome in ("contradicted", "undecided") and _ran_out_of_memory(result.reason):
        return Result(outcome="refused", reason=f"Training it again takes more than {limits.memory / 2**30:g} GB of memory.")
    return result


def _why(ended: _Ended, limits: Limits) -> str:
    if ended.code is None or (os.name == "posix" and ended.code in (-24, -9)):  # SIGXCPU, and SIGKILL from a system without memory
        return f"Training it again takes longer than {limits.seconds:.0f} s by the clock or {limits.cpu_seconds:.0f} CPU seconds."
    if _ran_out_of_memory(ended.complaint):
        return f"Training it again takes more than {limits.memory / 2**30:g} GB of memory."
    return f"It cannot be trained again: {ended.complaint or f'the child ended with code {ended.code}'}."


def _ran_out_of_memory(text: str) -> bool:
    return any(words in text for words in ("MemoryError", "can't allocate memory", "not enough memory", "Cannot allocate memory"))


def _run(folder: Path, assignment: Assignment, limits: Limits, *more: str) -> _Ended:
    (folder / ASSIGNMENT).write_text(dump_json(codec(Assignment).dump(assignment)), encoding="ascii")
    (folder / LIMITS).write_text(dump_json(codec(Limits).dump(limits)), encoding="ascii")
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "rolltrain_tui.classroom.examiner", str(folder), *more],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=_environment(),
    )
    try:
        out, err = child.communicate(timeout=limits.seconds)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return _Ended(b"", None, "")
    except BaseException:
        child.kill()
        child.communicate()
        raise
    lines = err.decode("utf-8", "replace").strip().splitlines()
    return _Ended(out, child.returncode, one_line(lines[-1], 300) if lines else "")


def _environment() -> dict[str, Any]:
    """The parent's, with this package in the path: it may run from a checkout."""
    known = os.environ.get("PYTHONPATH", "")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(_PACKAGE), known))), "PYTHONWARNINGS": "ignore"}
