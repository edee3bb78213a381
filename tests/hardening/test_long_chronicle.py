"""A very long chronicle is watched in bounded memory, and every turn of it is near."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.fakes import FakeExpedition, fake_config
from support.paths import TESTS

from rolltrain_tui.base import rotating_log
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs import recording
from rolltrain_tui.runs.event_log import Chronicle
from rolltrain_tui.runs.recording import Recording

pytestmark = pytest.mark.slow


def test_a_long_chronicle(tmp_path: Path, count: Callable[[int, int], int], tally: Callable[[str], None]) -> None:
    """It opens, replays from the first turn to the last, and any turn is found by folding a small part of it."""
    turns = count(5_000, 100_000)
    path = tmp_path / "chronicle.jsonl"
    with Chronicle(path) as chronicle:
        for event in FakeExpedition(tmp_path, fake_config(f"turns={turns}")).play(Inbox()):
            if event.in_story:
                chronicle.append(event)
    done = subprocess.run(
        [sys.executable, "-m", "support.watch_long", str(path), "50"], cwd=TESTS, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert (found["turns"], found["replayed"], found["wrong"], found["torch"]) == (turns, turns + 1, 0, False)
    assert found["megabytes"] < 200
    words = f"opened in {found['open']:.1f} s of CPU, slowest of {found['seeks']} seeks {found['slowest seek']:.2f} s of CPU"
    parts = [*rotating_log.full(path), path]
    size = f"{rotating_log.size_of(parts) / 1e6:.0f} MB in {len(parts)} volumes"
    tally(f"10. {turns} turns, {size}: {words}, {found['megabytes']:.0f} MB of memory")


def test_a_seek_folds_a_bounded_part(tmp_path: Path) -> None:
    """However long the chronicle, a seek folds no more turns than lie between two marks and those of the log."""
    with Chronicle(tmp_path / "chronicle.jsonl") as chronicle:
        for event in FakeExpedition(tmp_path, fake_config("turns=6000")).play(Inbox()):
            if event.in_story:
                chronicle.append(event)
    found = Recording(tmp_path)
    marks = [mark.turn for mark in found._marks]
    gaps = [after - before for before, after in zip(marks, [*marks[1:], found.last], strict=True)]
    assert len(marks) <= recording.MOST_MARKS
    assert max(gaps) <= 2 * max(recording.FIRST_STRIDE, found.last // (recording.MOST_MARKS // 2))
