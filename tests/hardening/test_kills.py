"""kill -9 at random moments: every restart opens, and no more than the turns since the last autosave are gone."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support import warm
from support.paths import TESTS

pytestmark = pytest.mark.slow


def test_killed_at_random_moments(tmp_path: Path, count: Callable[[int, int], int], tally: Callable[[str], None]) -> None:
    """Killed while it opens, trains or saves, a run opens again without a question and at most five turns back."""
    kills = count(6, 300)
    done = warm.run([sys.executable, "-m", "support.sittings", str(tmp_path), str(kills), "1"], cwd=TESTS, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    tally(f"1. kill -9: {', '.join(f'{value} {name}' for name, value in found.items())} (autosave every 5 turns)")
    assert found["refused"] == 0, done.stderr
    assert found["most turns lost"] <= 5
