"""What it costs a turn that many ranks agree on it: `python tests/benchmarks/ranks_control.py [RANKS ...]` prints a table.

Every rank runs here, so more ranks than cores wait for each other's time slices: read the first rows as a cost, and the rest as an order.
"""

import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

TESTS = Path(__file__).resolve().parents[1]
TURNS = 300
WEIGHTS = 803_968


def clock(work: Callable[[], object]) -> tuple[float, float]:
    """Median and 95th percentile of a call, in microseconds."""
    work()
    times = []
    for _ in range(TURNS):
        started = perf_counter()
        work()
        times.append((perf_counter() - started) * 1e6)
    return statistics.median(times), sorted(times)[int(TURNS * 0.95)]


def rank() -> None:
    """One rank's part. The first one prints."""
    import torch

    from rolltrain_tui.cluster.boundary import FollowersInbox, LeadersInbox, _written
    from rolltrain_tui.cluster.gang import gathered
    from rolltrain_tui.protocol.commands import UseAbility
    from rolltrain_tui.protocol.inbox import Inbox

    torch.set_num_threads(1)
    with gathered() as gang:
        inbox = LeadersInbox(gang, Inbox(), lambda: 1) if gang.first else FollowersInbox(gang)
        lines = _written([UseAbility("rage")])
        gradient = torch.zeros(WEIGHTS)
        found = {
            "turn without commands": clock(inbox.wait_for_turn),
            "turn with one command": clock(lambda: gang.tell(lines, gang.highest(len(lines)))),
            "report of 16 numbers, unlike machines": clock(lambda: gang.of_first([0.0] * 16)),
            f"gradient of {WEIGHTS:,} weights": clock(lambda: gang.add(gradient)),
        }
        if gang.first:
            print(json.dumps(found))


def main(sizes: list[int]) -> None:
    sys.path[:0] = [str(TESTS)]
    from support import ranks

    print(f"| ranks | what | median, us | 95th percentile, us |  ({TURNS} times)\n|---|---|---|---|")
    for size in sizes:
        first, *_ = ranks.run(size, __file__, "--rank")
        assert first.code == 0, first.err
        for what, (median, late) in json.loads(first.out).items():
            print(f"| {size} | {what} | {median:.0f} | {late:.0f} |", flush=True)


if __name__ == "__main__":
    rank() if sys.argv[1:] == ["--rank"] else main([int(word) for word in sys.argv[1:]] or [1, 2, 4, 8])
