"""How long the player waits: for help, for the first frame, for the game to answer, for the first turn.

    python tests/benchmarks/start.py [TRIES]         a minute for 5 tries on a quiet machine

Each try is a new process, and the tries of all waits alternate. Told are the median by the clock, and the least CPU that any try has used
until then: on a busy machine only that means anything. The first frame is there before Textual; the game answers keys when Textual has
drawn the same frame. A smallest app of Textual's is told beside it, and PyTorch's import beside the first turn.
"""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from rolltrain_tui.bench.contest import open_terminal, terminal_environment

PYTHON = [sys.executable]
GAME = [*PYTHON, "-m", "rolltrain_tui"]
ESCAPES = re.compile(rb"\x1b(\[[0-9;?<>=$]*[A-Za-z]|[()][A-Z0-9]|[=>78])")
LONGEST = 60.0
HELLO = """
from textual.app import App
from textual.widgets import Footer, Static

class Hello(App):
    def compose(self):
        yield Static("Quit")
        yield Footer()

Hello().run()
"""
"""The least that a game on Textual can be."""


def until_the_end(command: Sequence[str]) -> tuple[float, float]:
    """Seconds, and seconds of CPU, until the process has ended."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0  # it has been waited for
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime


def until_seen(command: Sequence[str], words: bytes) -> tuple[float, float]:
    """Seconds, and seconds of CPU, until the terminal shows words."""
    master, slave = open_terminal()
    started = time.perf_counter()
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=terminal_environment())
    os.close(slave)
    shown = b""
    try:
        while not re.search(words, ESCAPES.sub(b"", shown), re.DOTALL):
            assert time.perf_counter() - started < LONGEST, f"{words!r} was not seen: {shown[-500:]!r}"
            shown += os.read(master, 1 << 16)
        return time.perf_counter() - started, cpu_of(process.pid)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def cpu_of(pid: int) -> float:
    """Seconds of CPU of all threads of a process."""
    used = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # it has ended
            used += int((thread / "schedstat").read_text().split()[0])
    return used / 1e9


def main(tries: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        play = [*GAME, "play", "--out", folder]
        tutorial = [*GAME, "play", "tutorial", "--no-cards", "--out", folder]
        waits: dict[str, Callable[[], tuple[float, float]]] = {
            "python by itself": lambda: until_the_end([*PYTHON, "-c", "pass"]),
            "rolltrain --help": lambda: until_the_end([*GAME, "--help"]),
            "first frame of the title": lambda: until_seen(play, rb"Quit"),
            "first frame of the tutorial": lambda: until_seen(tutorial, rb"campaign is read"),
            "smallest app of Textual's": lambda: until_seen([*PYTHON, "-c", HELLO], rb"Quit"),
            "the title answers": lambda: until_seen(play, rb"Quit.*Quit"),
            "the tutorial answers": lambda: until_seen(tutorial, rb"Escape goes back"),
            "import torch": lambda: until_the_end([*PYTHON, "-c", "import torch"]),
            "first turn of the tutorial": lambda: until_seen(tutorial, rb"turn +[1-9]"),
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in waits}
        for _ in range(tries):
            for name, wait in waits.items():
                found[name].append(wait())
        for name, tried in found.items():
            clock, used = median(clock for clock, _ in tried), min(used for _, used in tried)
            print(f"{name:<28} {1000 * clock:7.0f} ms, CPU {1000 * used:6.0f} ms", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
