"""Children that examine: started, limited, and ended when they take too long."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rolltrain_tui.base.json_records import RecordError, codec, dump_json, parse_json
from rolltrain_tui.base.memory import SIGNS
from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.classroom.assignments.assignment import Assignment, AssignmentError
from rolltrain_tui.classroom.grading import examiner
from rolltrain_tui.classroom.grading.limits import Limits, limits_for
from rolltrain_tui.classroom.grading.result import Reference, Result

_EXAMINER = (sys.executable, "-P", "-m", "rolltrain_tui.classroom.grading.examiner")
_NURSERY = (sys.executable, "-P", "-m", "rolltrain_tui.classroom.grading.nursery")
_PACKAGE = Path(__file__).resolve().parents[3]
_UNLIMITED = Limits(10**6, 10**6, 1 << 50)
"""For the teacher's own assignment: eleven days."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a child ended."""

    answer: bytes
    code: int | None
    """None: it was ended for taking too long."""
    complaint: str


class Children:
    """Children that examine, one after another. A context manager."""

    def __init__(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._nursery: subprocess.Popen[str] | None = None

    def refer(self, folder: Path) -> Limits:
        """Train the assignment that is laid out in a folder, and what a submission of it may take. AssignmentError."""
        ended = self._run(folder, _UNLIMITED, examiner.REFERENCE)
        try:
            reference = codec(Reference).load(parse_json(ended.answer))
        except RecordError:
            raise AssignmentError(f"The assignment itself cannot be trained here: {ended.complaint}.") from None
        return limits_for(reference.cpu_seconds, reference.seconds)

    def examine(self, folder: Path, limits: Limits) -> Result:
        """Examine the submission that is laid out in a folder."""
        ended = self._run(folder, limits)
        try:
            result = codec(Result).load(parse_json(ended.answer))
        except RecordError:
            return Result(outcome="refused", reason=_why(ended, limits))
        if result.outcome in ("contradicted", "undecided") and _ran_out_of_memory(result.reason):
            return Result(outcome="refused", reason=f"Training it again takes more than {limits.memory / 2**30:g} GB of memory.")
        return result

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if sys.platform != "win32" and self._nursery is not None:  # Windows has no forks, hence no nursery
            with suppress(OSError):
                os.killpg(self._nursery.pid, signal.SIGKILL)  # its fork too
            self._nursery.wait()
            for pipe in (self._nursery.stdin, self._nursery.stdout):
                assert pipe is not None
                with suppress(OSError):
                    pipe.close()

    def _run(self, folder: Path, limits: Limits, more: str = "") -> _Ended:
        (folder / examiner.ASSIGNMENT).write_text(dump_json(codec(Assignment).dump(self._assignment)), encoding="ascii")
        (folder / examiner.LIMITS).write_text(dump_json(codec(Limits).dump(limits)), encoding="ascii")
        code = self._forked(folder, more) if sys.platform.startswith("linux") else _alone(folder, limits, more)
        complaint = _decisive(_content(folder / examiner.COMPLAINT).decode("utf-8", "replace"))
        return _Ended(_content(folder / examiner.ANSWER), code, one_line(complaint, 300))

    def _forked(self, folder: Path, more: str) -> int | None:
        """Where forks are safe a nursery has torch loaded for all."""
        if self._nursery is None or self._nursery.poll() is not None:
            self._nursery = subprocess.Popen(
                _NURSERY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                text=True,
                start_new_session=True,
            )
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        print(more, folder, file=self._nursery.stdin, flush=True)
        told = self._nursery.stdout.readline().strip()
        return None if told == examiner.LATE else int(told or 1)


def _alone(folder: Path, limits: Limits, more: str) -> int | None:
    with (folder / examiner.COMPLAINT).open("wb") as complaint:
        words = [*_EXAMINER, str(folder), *filter(None, [more])]
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=complaint, stderr=complaint, env=_environment())
        try:
            return child.wait(timeout=limits.seconds)
        except BaseException as error:
            child.kill()
            child.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                return None
            raise


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _decisive(complaints: str) -> str:
    """The last line; where memory ran out, the line that says so, since libraries add lines of their own on their way out."""
    lines = complaints.strip().splitlines() or [""]
    return next(filter(_ran_out_of_memory, lines), lines[-1])


def _why(ended: _Ended, limits: Limits) -> str:
    if ended.code is None or (os.name == "posix" and ended.code in (-24, -9)):  # SIGXCPU, and SIGKILL from a system without memory
        return f"Training it again takes longer than {limits.seconds:.0f} s by the clock or {limits.cpu_seconds:.0f} CPU seconds."
    if _ran_out_of_memory(ended.complaint):
        return f"Training it again takes more than {limits.memory / 2**30:g} GB of memory."
    return f"It cannot be trained again: {ended.complaint or f'the child ended with code {ended.code}'}."


_OUT_OF_MEMORY = (
    *SIGNS,
    "MemoryError",
    "failed to map",
    "memory allocation of",  # Rust's, as in safetensors
    "error return without exception set",  # a C function that could not even make its exception
)


def _ran_out_of_memory(text: str) -> bool:
    return any(words in text for words in _OUT_OF_MEMORY)


def _environment() -> dict[str, Any]:
    """The parent's, with this package in the path: it may run from a checkout."""
    known = os.environ.get("PYTHONPATH", "")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(_PACKAGE), known))), "PYTHONWARNINGS": "ignore"}
