"""Signals and closed terminals: the run is saved, the terminal put back, the code is 128 + n, and nothing is left running."""

import json
import os
import random
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count as count_from
from pathlib import Path
from subprocess import PIPE

import pytest
from support import warm
from support.paths import CAMPAIGNS
from support.patience import PATIENCE, named

if sys.platform == "win32":
    pytest.skip("pseudo-terminals need a POSIX system", allow_module_level=True)

from support.terminal import STORY, Terminal, game

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.protocol.events import StepTaken
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.runs.run import Run

pytestmark = pytest.mark.slow

SETTINGS = ("turns=100000", "pace.turns_per_second=20", "save={autosave_every: 1000, keep: 3}", "camps.every=5000")
ENDINGS = ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "closed")
Tally = Callable[[str], None]


@pytest.fixture
def run(tiny_config: Callable[..., CampaignConfig], tmp_path: Path) -> Path:
    """A run that has just begun."""
    expedition = Run.begin(tiny_config(*SETTINGS), base=CAMPAIGNS, runs=tmp_path)
    inbox = Inbox()
    inbox.stop()
    list(expedition.play(inbox))
    return expedition.folder


@pytest.fixture
def opened(run: Path) -> Iterator[Callable[[], Terminal]]:
    """Open the game and wait for its first turns."""
    terminals: list[Terminal] = []

    def open_game() -> Terminal:
        terminals.append(game(run))
        terminals[-1].see(STORY)
        return terminals[-1]

    yield open_game
    for terminal in terminals:
        terminal.close()


def played(run: Path) -> int:
    """The last turn in the event_log."""
    return max((event.turn for event in event_log.read(run / "chronicle.jsonl") if isinstance(event, StepTaken)), default=0)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_run_is_saved_and_the_terminal_put_back(
    opened: Callable[[], Terminal], run: Path, ending: str, count: Callable[[int, int], int], tally: Tally
) -> None:
    """Each of them, again and again on one run: everything played is in the save."""
    if ending in ("SIGTERM", "SIGHUP", "SIGQUIT") and not count(0, 1):
        pytest.skip("with --long")  # the tests below end by SIGTERM
    times, slowest = count(1, 20), 0.0
    for _ in range(times):
        terminal = opened()
        start = time.monotonic()
        if ending == "closed":
            terminal.hang_up()
            code = terminal.wait()
            assert code is not None
        else:
            os.kill(terminal.process.pid, getattr(signal, ending))
            code = terminal.wait()
            assert code == 128 + getattr(signal, ending)
            assert terminal.restored(), bytes(terminal.output[-500:])
        slowest = max(slowest, time.monotonic() - start)
        assert [] == terminal.orphans()
        assert saves.read(run).summary.turn == played(run)
        assert saves.read(run).note == ""
    tally(f"6. {ending}: {times} times; slowest exit {slowest:.2f} s; saved to the last turn, terminal put back, no process left")


def test_a_second_signal_leaves_at_once(opened: Callable[[], Terminal], run: Path) -> None:
    """Two signals in a row: no waiting, and the save from before is intact."""
    terminal = opened()
    os.kill(terminal.process.pid, signal.SIGTERM)
    os.kill(terminal.process.pid, signal.SIGHUP)
    assert terminal.wait() in (128 + signal.SIGTERM, 128 + signal.SIGHUP)
    assert terminal.restored(), bytes(terminal.output[-500:])
    assert saves.read(run).note == ""


def test_a_terminal_that_goes_without_a_signal_ends_the_game_too(run: Path) -> None:
    """It does not control the process, as below a wrapper that died: everything played is saved, and nothing runs on."""
    terminal = game(run, controlling=False)
    try:
        terminal.see(STORY)
        terminal.hang_up()
        assert terminal.wait() is not None
        assert saves.read(run).summary.turn == played(run)
    finally:
        terminal.close()


def test_a_stop_that_nobody_can_foresee_leaves_one_reader_of_keys(opened: Callable[[], Terminal], run: Path) -> None:
    """SIGSTOP and SIGCONT, again and again: no thread comes with each, keys act, and the terminal is put back at the end."""
    terminal, stops = opened(), 5
    threads = Path(f"/proc/{terminal.process.pid}/task")
    before = len(list(threads.iterdir()))
    for _ in range(stops):
        os.kill(terminal.process.pid, signal.SIGSTOP)
        terminal.until(lambda: _states(terminal) == {"T"})
        terminal.forget()
        os.kill(terminal.process.pid, signal.SIGCONT)
        terminal.until(lambda: b"\x1b[?1049h" in terminal.output)
    terminal.send(b"d")
    terminal.see("Diagnosis")
    assert len(list(threads.iterdir())) < before + stops  # one that loads something may have begun meanwhile
    os.kill(terminal.process.pid, signal.SIGTERM)
    assert terminal.wait() == 128 + signal.SIGTERM
    assert terminal.restored(), bytes(terminal.output[-500:])
    assert saves.read(run).summary.turn == played(run)


def test_suspended_and_resumed(opened: Callable[[], Terminal], run: Path, count: Callable[[int, int], int], tally: Tally) -> None:
    """Ctrl+Z gives the terminal back and the training stands still; fg goes on."""
    times = count(1, 20)
    terminal = opened()
    for _ in range(times):
        terminal.forget()
        terminal.send(b"\x1a")
        terminal.until(lambda: _states(terminal) == {"T"})
        terminal.until(lambda: b"\x1b[?1049l" in terminal.output)
        before = played(run)
        time.sleep(0.3)
        assert played(run) == before
        terminal.forget()
        os.kill(terminal.process.pid, signal.SIGCONT)
        terminal.until(partial(_played_beyond, run, before + 2))
        terminal.until(lambda: b"\x1b[?1049h" in terminal.output)
    os.kill(terminal.process.pid, signal.SIGTERM)
    assert terminal.wait() == 128 + signal.SIGTERM
    assert terminal.restored(), bytes(terminal.output[-500:])
    assert [] == terminal.orphans()
    assert saves.read(run).summary.turn == played(run)
    assert saves.read(run).note == ""
    tally(f"6. ctrl+z and fg: {times} times; terminal given back, training stands still and goes on")


def _played_beyond(run: Path, turn: int) -> bool:
    return played(run) > turn


def _states(terminal: Terminal) -> set[str]:
    """Of all its threads: each comes to its stop by itself."""
    return {path.read_text().rpartition(")")[2].split()[0] for path in Path(f"/proc/{terminal.process.pid}/task").glob("*/stat")}


def unread_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, without reading what the game writes."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"it did not come about: {named(holds)}"
        time.sleep(0.05)


def test_a_terminal_that_stands_still(opened: Callable[[], Terminal], run: Path, count: Callable[[int, int], int], tally: Tally) -> None:
    """Nobody reads the terminal: the training goes on in bounded memory, and a signal still saves the run and ends the process."""
    seconds = count(2, 30)
    terminal = opened()
    memory, before, start = terminal.memory(), played(run), time.monotonic()
    time.sleep(seconds)
    unread_until(lambda: played(run) >= before + 5 * seconds)
    grown, turns, seconds = terminal.memory() - memory, played(run) - before, time.monotonic() - start
    assert grown < 50e6
    os.kill(terminal.process.pid, signal.SIGTERM)
    unread_until(lambda: terminal.process.poll() is not None)
    assert terminal.process.poll() == 128 + signal.SIGTERM
    assert saves.read(run).summary.turn == played(run)
    rate = f"{turns / seconds:.1f} turns/s of 20 asked for"
    tally(f"8. not drained for {seconds:.1f} s: {rate}, memory {grown / 1e6:+.0f} MB; SIGTERM still saves")


def test_a_slow_terminal(opened: Callable[[], Terminal], run: Path, count: Callable[[int, int], int], tally: Tally) -> None:
    """Drained at 2 kB a second: the training goes on, and memory stays bounded."""
    if not (seconds := count(0, 30)):
        pytest.skip("with --long")
    terminal = opened()
    memory, before, start = terminal.memory(), played(run), time.monotonic()
    while time.monotonic() - start < seconds:
        terminal.read(0.05, most=200)
        time.sleep(0.1)
    grown, turns = terminal.memory() - memory, played(run) - before
    assert turns >= 5 * seconds
    assert grown < 50e6
    tally(f"8. drained at 2 kB/s for {seconds} s: {turns / seconds:.1f} turns/s of 20 asked for, memory {grown / 1e6:+.0f} MB")


def test_a_storm_of_resizes(opened: Callable[[], Terminal], run: Path, count: Callable[[int, int], int], tally: Tally) -> None:
    """A thousand sizes from 1x1 to 500x200 in ten seconds: it goes on, and the last picture is right."""
    resizes, rng = count(100, 1000), random.Random(8)
    terminal = opened()
    memory, before, start = terminal.memory(), played(run), time.monotonic()
    for number in count_from(1):
        terminal.resize(rng.randint(1, 200), rng.randint(1, 500))
        terminal.drain(start + number / 100)
        if number >= resizes and number % 50 == 0 and (played(run) >= before + resizes / 50 or number >= 100 * PATIENCE):
            break
    seconds, turns = time.monotonic() - start, played(run) - before
    terminal.resize(24, 80)
    terminal.see("Tab next")
    terminal.resize(36, 120)
    terminal.until(lambda: "Tab next" not in terminal.shown)
    terminal.see(STORY, "Loss (nats per token)")
    grown = terminal.memory() - memory
    assert turns >= resizes / 50
    assert grown < 100e6
    os.kill(terminal.process.pid, signal.SIGTERM)
    assert terminal.wait() == 128 + signal.SIGTERM
    assert terminal.restored()
    rate = f"{turns / seconds:.1f} turns/s of 20 asked for"
    tally(f"8. resizes: {number} in {seconds:.1f} s, 1x1 to 500x200: {rate}, memory {grown / 1e6:+.0f} MB, last picture right")


def test_training_does_not_wait_for_the_terminal(
    tiny_config: Callable[..., CampaignConfig], tmp_path: Path, count: Callable[[int, int], int], tally: Tally
) -> None:
    """At full speed: whatever the terminal suffers, the turns of a second stay as many as while it is read in peace."""
    if not (seconds := count(0, 10)):
        pytest.skip("with --long")
    settings = ("turns=100000", "save={autosave_every: 1000, keep: 3}", "camps.every=50000", "speech.every=0", "encounters.chance=0.0")
    model = ("model.n_embd=64", "model.n_layer=2", "model.context=32", "batch.sequences=16")  # a turn of about 10 ms on one core
    expedition = Run.begin(tiny_config(*settings, *model), base=CAMPAIGNS, runs=tmp_path)
    inbox = Inbox()
    inbox.stop()
    list(expedition.play(inbox))
    terminal, rng = game(expedition.folder), random.Random(8)

    def in_peace(end: float) -> None:
        terminal.drain(end)

    def resized(end: float) -> None:
        while (now := time.monotonic()) < end:
            terminal.resize(rng.randint(1, 200), rng.randint(1, 500))
            terminal.drain(now + 0.01)
        terminal.resize(36, 120)

    def slowly(end: float) -> None:
        while (now := time.monotonic()) < end:
            terminal.read(0.05, most=200)
            time.sleep(max(0.0, now + 0.1 - time.monotonic()))

    def not_at_all(end: float) -> None:
        time.sleep(end - time.monotonic())

    def rate(suffer: Callable[[float], None], seconds: float) -> float:
        before, start = last_turn(expedition.folder), time.monotonic()
        suffer(start + seconds)
        return (last_turn(expedition.folder) - before) / (time.monotonic() - start)

    try:
        terminal.until(lambda: last_turn(expedition.folder) > 300)
        for name, suffer, length in (*[("1,000 resizes", resized, 1)] * 3, ("2 kB/s", slowly, 3), ("not drained", not_at_all, 3)):
            memory = terminal.memory()
            peace = [rate(in_peace, seconds)]
            suffered = rate(suffer, length * seconds)
            grown = terminal.memory() - memory
            rate(in_peace, 2)  # what has piled up
            peace.append(rate(in_peace, seconds))
            share = suffered / (sum(peace) / 2)
            assert share > 0.2
            assert grown < 100e6
            rates = f"{suffered:.1f} turns/s at full speed, undisturbed {peace[0]:.1f} before and {peace[1]:.1f} after"
            tally(f"8. {name} for {length * seconds} s: {rates}: {share:.3f}; memory {grown / 1e6:+.0f} MB")
    finally:
        terminal.close()


def last_turn(run: Path) -> int:
    """As played, from the end of the chronicle alone."""
    with (run / "chronicle.jsonl").open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - (1 << 16)))
        return max(map(int, re.findall(rb'"type":"StepTaken","turn":(\d+)', file.read())), default=0)


def test_a_window_of_one_cell(run: Path) -> None:
    """It opens in a terminal of 1x1 and leaves it in order."""
    terminal = game(run, rows=1, columns=1)
    try:
        terminal.until(lambda: played(run) >= 3)
        os.kill(terminal.process.pid, signal.SIGTERM)
        assert terminal.wait() == 128 + signal.SIGTERM
    finally:
        terminal.close()


@pytest.mark.parametrize("name", ["SIGQUIT"])
def test_without_a_screen(run: Path, name: str) -> None:
    """A headless run obeys the same signals."""
    command = [sys.executable, "-m", "rolltrain_tui", "train", "--resume", str(run), "--json"]
    process = warm.Popen(command, stdout=PIPE, text=True)
    before = played(run)
    unread_until(lambda: played(run) >= before + 3)
    process.send_signal(getattr(signal, name))
    out, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + getattr(signal, name)
    assert json.loads(out)["turns"] == saves.read(run).summary.turn == played(run)
