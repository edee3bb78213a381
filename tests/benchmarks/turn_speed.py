"""The turn beside a plain PyTorch loop: on one thread and on two, in float32 and in the dtype that `auto` chooses.

    python tests/benchmarks/turn_speed.py [BLOCKS [CAMPAIGN]]         two minutes for 8 blocks of the tiny GPT on a quiet machine

All contestants are processes of their own, with as many threads in both, and take their blocks of turns in alternation. Told are medians,
over blocks, of the plain loop's time over the campaign's: by the clock, and by CPU. On a busy machine only the latter means anything,
and only on one thread: threads that wait for each other spin.
"""

import os
import statistics
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from rolltrain_tui.bench.contest import Contestant, bare_loop, headless, ready
from rolltrain_tui.modes.campaign_file import find
from rolltrain_tui.training.machine.machine import available_cores

TURNS = 20
TICKS = os.sysconf("SC_CLK_TCK")


def cpu(contestant: Contestant) -> float:
    """Seconds that the process has used so far."""
    user, system = Path(f"/proc/{contestant.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / TICKS


def block(contestant: Contestant) -> tuple[float, float]:
    """Milliseconds of a turn: by the clock and by CPU."""
    before = cpu(contestant)
    clock = contestant.block(TURNS)
    return clock, 1000 * (cpu(contestant) - before) / TURNS


def compare(campaign: Path, blocks: int) -> None:
    threads = sorted({1, min(2, available_cores())})
    settings = {count: f"device.threads={count}" for count in threads}
    with ExitStack() as stack:
        field: dict[tuple[int, str], Contestant] = {}
        for count in threads:
            folder = Path(stack.enter_context(TemporaryDirectory()))
            field[count, "bare"] = bare_loop(campaign, (settings[count],), folder)
            for dtype in ("float32", "auto"):
                field[count, dtype] = headless(campaign, (settings[count], f"device.dtype={dtype}"))
        stack.enter_context(ready(*field.values()))
        times: dict[tuple[int, str], list[tuple[float, float]]] = {one: [] for one in field}
        for _ in range(blocks + 1):
            for one, contestant in field.items():
                times[one].append(block(contestant))
        chosen = {count: field[count, "auto"].facts["dtype"] for count in threads}
    print(f"{campaign.stem}: {blocks} blocks of {TURNS} turns")
    for count in threads:
        for name in ("float32", "auto"):
            told = name if name == "float32" else f"auto ({chosen[count]})"
            pairs = list(zip(times[count, "bare"][1:], times[count, name][1:], strict=True))  # the first warms up
            clock, used = (statistics.median(bare[i] / ours[i] for bare, ours in pairs) for i in (0, 1))
            ms = statistics.median(ours[0] for _, ours in pairs)
            print(
                f"  {count} thread{'s' * (count > 1)}, {told:<16} {ms:7.1f} ms a turn, plain loop / campaign {clock:.3f}, by CPU {used:.3f}"
            )


if __name__ == "__main__":
    compare(find(sys.argv[2] if len(sys.argv) > 2 else "tiny_gpt"), int(sys.argv[1]) if len(sys.argv) > 1 else 8)
