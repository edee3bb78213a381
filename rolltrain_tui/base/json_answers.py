"""Answers of the verbs as JSON that every program can read."""

import json
import math
from pathlib import Path
from typing import Any


def json_text(value: Any) -> str:
    """Indented text of `plain(value)`."""
    return json.dumps(plain(value), indent=2, allow_nan=False)


def plain(value: Any) -> Any:
    """JSON values: paths as text, tuples as lists, and numbers that are not finite as null."""
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value
