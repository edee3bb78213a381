"""The game in a real pseudo-terminal: signals, and what others write."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from support.paths import TESTS
from support.patience import PATIENCE

if sys.platform == "win32":
    pytest.skip("pseudo-terminals need a POSIX system", allow_module_level=True)

from support.terminal import STORY, Terminal

from rolltrain_tui.tui import play
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.terminal.terminal import PUT_BACK, Modes

pytestmark = pytest.mark.slow


@pytest.fixture
def game(tmp_path: Path) -> Iterator[Terminal]:
    """A game that has played at least one turn."""
    terminal = Terminal([sys.executable, "-m", "support.pty_game", str(tmp_path)], folder=TESTS)
    terminal.see(STORY)
    yield terminal
    terminal.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_saves_the_run_and_gives_the_terminal_back(game: Terminal, tmp_path: Path, number: signal.Signals) -> None:
    """The run is left in order, the alternate screen closed, and the exit code is 128 + the signal."""
    os.kill(game.process.pid, number)
    assert 128 + number == game.wait()
    assert game.restored(), bytes(game.output[-500:])
    assert "in order" == (tmp_path / "left").read_text(encoding="utf-8")


def test_what_others_write_goes_to_a_file(game: Terminal, tmp_path: Path) -> None:
    """Output of libraries never reaches the screen; the run's folder keeps it."""
    game.send(b"\x11")
    assert 0 == game.wait()
    kept = (tmp_path / "output.log").read_text(encoding="utf-8")
    assert b"STRAY" not in game.output
    assert all(words in kept for words in ("STRAY-FROM-C", "STRAY-ON-STDOUT"))


def test_an_end_that_nobody_asked_for_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and where the details are."""
    ended = SimpleNamespace(run=lambda: print("what broke"), return_code=None, farewell="", bridge=None)
    assert 1 == play(Launch(runs=tmp_path), make_app=lambda *args, **how: cast(RolltrainApp, ended))
    assert "rolltrain was stopped by an error of its own" in capfd.readouterr().err


def test_a_terminal_that_lags_behind_is_put_back_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its buffer is full when the game must end at once; the last bytes wait until somebody reads."""
    master, slave = os.openpty()
    os.set_blocking(slave, False)
    with suppress(BlockingIOError):
        while True:
            os.write(slave, b"x" * 1024)
    modes, output = Modes(), bytearray()
    modes._line = modes._line or []
    monkeypatch.setattr("rolltrain_tui.tui.terminal.terminal.PATIENCE_SECONDS", PATIENCE)
    monkeypatch.setattr(modes, "put_line_back", lambda: None)

    def read_late() -> None:
        time.sleep(0.05)
        while not output.endswith(PUT_BACK):
            output.extend(os.read(master, 1 << 16))

    with os.fdopen(slave, "w") as screen:
        monkeypatch.setattr(sys, "__stderr__", screen)
        reader = threading.Thread(target=read_late, daemon=True)
        reader.start()
        modes.put_back()
        reader.join(PATIENCE)
    assert output.endswith(PUT_BACK)
    os.close(master)
