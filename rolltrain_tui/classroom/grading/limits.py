"""Limits on a child that trains a stranger's run again: time and memory. The system holds them where it can, the parent elsewhere."""

import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

FACTOR = 10
"""A submission may take this many times what the assignment itself takes, with nobody giving orders."""
SPARE = 60.0
"""Seconds for starting up, whatever the assignment takes."""
MEMORY = 2 << 30
"""Bytes beyond what torch takes when it is loaded."""
_FILES = 1 << 28
"""Bytes of the longest file it may write."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child may use."""

    cpu_seconds: float
    seconds: float
    """By the clock."""
    memory: int = MEMORY


def limits_for(cpu_seconds: float, seconds: float) -> Limits:
    """The limits of a submission, from what the assignment itself took."""
    return Limits(FACTOR * cpu_seconds + SPARE, FACTOR * seconds + SPARE)


def hold(limits: Limits) -> None:
    """Bind this process, and for good, once torch is loaded. Where the system has no such limits (Windows) the parent's clock remains."""
    if sys.platform == "win32":
        return
    import resource

    seconds = int(limits.cpu_seconds) + 1
    wanted = [(resource.RLIMIT_CPU, seconds), (resource.RLIMIT_FSIZE, _FILES), (resource.RLIMIT_CORE, 0)]
    if (used := _data_in_use()) is not None:
        wanted.append((resource.RLIMIT_DATA, used + limits.memory))
    for which, most in wanted:
        with suppress(ValueError, OSError):  # a tighter limit holds already
            resource.setrlimit(which, (most, most))


def _data_in_use() -> int | None:
    """Bytes of private memory, as RLIMIT_DATA counts them; None where the system does not say."""
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmData:"):
                return int(line.split()[1]) << 10
    return None
