"""How long the player waits: for help, for the first frame, for the first turn.

    python tests/benchmarks/start.py [TRIES]         half a minute for 5 tries on a quiet machine

Each try is a new process. Told are the median by the clock, and the least CPU that any try has used until then: on a busy machine
only that means anything. PyTorch's own import is in the first turn, and is told apart.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from rolltrain_tui.bench.contest import open_terminal, terminal_environment

PYTHON = [sys.executable]
GAME = [*PYTHON, "-m", "rolltrain_tui"]
ESCAPES = re.compile(rb"\x1b(\[[0-9;?<>=$]*[A-Za-z]|[()][A-Z0-9]|[=>78])")
LONGEST = 60.0


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
        while not re.search(words, ESCAPES.sub(b"", shown)):
            assert time.perf_counter() - started < LONGEST, f"{words!r} was not seen: {shown[-500:]!r}"
            shown += os.read(master, 1 << 16)
        seconds = time.perf_counter() - started
        used = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return seconds, sum(map(int, used)) / os.sysconf("SC_CLK_TCK")
    finally:
        process.kill()
        process.wait()
        os.close(master)


def main(tries: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        waits = {
            "python by itself": lambda: until_the_end([*PYTHON, "-c", "pass"]),
            "rolltrain --help": lambda: until_the_end([*GAME, "--help"]),
            "first frame of the title": lambda: until_seen([*GAME, "play", "--out", folder], rb"Quit"),
            "import torch": lambda: until_the_end([*PYTHON, "-c", "import torch"]),
            "first turn of the tutorial": lambda: until_seen([*GAME, "play", "tutorial", "--no-cards", "--out", folder], rb"turn +[1-9]"),
        }
        for name, wait in waits.items():
            found = [wait() for _ in range(tries)]
            clock, used = median(clock for clock, _ in found), min(used for _, used in found)
            print(f"{name:<28} {1000 * clock:7.0f} ms, CPU {1000 * used:6.0f} ms", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
