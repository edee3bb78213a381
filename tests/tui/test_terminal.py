"""The game in a real pseudo-terminal: signals, and what others write."""

import os
import signal
import sys
from pathlib import Path

import pytest
from support.paths import TESTS

pytestmark = pytest.mark.slow

pexpect = pytest.importorskip("pexpect", reason="pseudo-terminals need a POSIX system")


def started(tmp_path: Path) -> "pexpect.spawn[str]":
    """A game that has played at least one turn."""
    game = pexpect.spawn(
        sys.executable, ["-m", "support.pty_game", str(tmp_path)], cwd=str(TESTS), dimensions=(36, 120), encoding="utf-8", timeout=60
    )
    game.expect(r"loss \d")
    return game


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_saves_the_run_and_gives_the_terminal_back(tmp_path: Path, number: signal.Signals) -> None:
    """The run is left in order, the alternate screen closed, and the exit code is 128 + the signal."""
    game = started(tmp_path)
    os.kill(game.pid, number)
    rest = game.read()
    game.close()
    assert 128 + number == game.exitstatus
    assert "\x1b[?1049l" in rest
    assert "in order" == (tmp_path / "left").read_text(encoding="utf-8")


def test_what_others_write_goes_to_a_file(tmp_path: Path) -> None:
    """Output of libraries never reaches the screen; the run's folder keeps it."""
    game = started(tmp_path)
    game.send("\x11")
    shown = game.before + game.read()
    game.close()
    kept = (tmp_path / "output.log").read_text(encoding="utf-8")
    assert 0 == game.exitstatus
    assert "STRAY" not in shown
    assert all(words in kept for words in ("STRAY-FROM-C", "STRAY-ON-STDOUT"))
