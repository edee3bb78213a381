"""Jobs that workers of other processes can load by their names."""

import os
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
