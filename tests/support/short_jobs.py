"""Jobs that workers of other processes can load by their names."""

import os
import sys
from pathlib import Path


def halved(number: int) -> float:
    """Raises for 0."""
    return 12 / number


def deadly_once(path: str) -> int:
    """Ends its process unless the file is there, which it writes."""
    if Path(path).exists():
        return 7
    Path(path).touch()
    os._exit(9)


def deadly(path: str) -> int:
    os._exit(9)


def origin(name: str) -> tuple[bool, int, str]:
    """Whether this worker was born with torch, the threads of the process that bore it, and a variable of its environment."""
    threads = len(list(Path(f"/proc/{os.getppid()}/task").iterdir()))
    return "torch" in sys.modules, threads, os.environ.get(name, "")
