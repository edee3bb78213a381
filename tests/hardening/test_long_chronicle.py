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
from rolltrain_tui.runs.log import recording
from rolltrain_tui.runs.log.event_log import Chronicle
from rolltrain_tui.runs.log.recording import Recording

pytestmark = pytest.mark.slow


Once = Callable[[str, Callable[[Path], Path]], Path]


@pytest.fixture
def written(once: Once) -> Callable[[int], Path]:
    """`written(turns)`: the chronicle of so long a run."""

    def write(folder: Path, turns: int) -> Path:
        path = folder / "chronicle.jsonl"
        with Chronicle(path) as chronicle:
            for event in FakeExpedition(folder, fake_config(f"turns={turns}")).play(Inbox()):
                if event.in_story:
                    chronicle.append(event)
        return path

    return lambda turns: once(f"{turns} turns", lambda folder: write(folder, turns))


def test_a_long_chronicle(written: Callable[[int], Path], count: Callable[[int, int], int], tally: Callable[[str], None]) -> None:
    """It opens, replays from the first turn to the last, and any turn is found by folding a small part of it."""
    turns = count(3_000, 100_000)
    path = written(turns)
    done = subprocess.run(
        [sys.executable, "-m", "support.watch_long", str(path), str(count(8, 50))], cwd=TESTS, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert (found["turns"], found["replayed"], found["wrong"], found["torch"]) == (turns, turns + 1, 0, False)
    assert found["megabytes"] < 200
    words = f"opened in {found['open']:.1f} s of CPU, slowest of {found['seeks']} seeks {found['slowest seek']:.2f} s of CPU"
    parts = [*rotating_log.full(path), path]
    size = f"{rotating_log.size_of(parts) / 1e6:.0f} MB in {len(parts)} volumes"
    tally(f"10. {turns} turns, {size}: {words}, {found['megabytes']:.0f} MB of memory")


def test_a_seek_folds_a_bounded_part(written: Callable[[int], Path]) -> None:
    """However long the chronicle, a seek folds no more turns than lie between two marks and those of the log."""
    found = Recording(written(3_000).parent)
    marks = [mark.turn for mark in found._marks]
    gaps = [after - before for before, after in zip(marks, [*marks[1:], found.last], strict=True)]
    assert len(marks) <= recording.MOST_MARKS
    assert max(gaps) <= 2 * max(recording.FIRST_STRIDE, found.last // (recording.MOST_MARKS // 2))
