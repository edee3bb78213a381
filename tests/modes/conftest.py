"""Reference files: inputs and outputs of other programs' code, in the folder `golden` beside the test or in that of `--golden DIR`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def read(request: pytest.FixtureRequest) -> Callable[[str], Any]:
    """The content of one reference file; the test is skipped where the folder has none."""
    folder = Path(request.config.getoption("--golden") or request.path.parent / "golden")

    def content(name: str) -> Any:
        path = folder / f"golden_{name}.json"
        if not path.exists():
            pytest.skip(f"{folder} has no {path.name}")
        return json.loads(path.read_text("utf-8"))

    return content


@pytest.fixture
def cases(read: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    """The cases of one reference file."""
    return lambda name: read(name)["cases"]
