"""Watching a long run: python -m support.watch_long CHRONICLE SEEKS. Prints what it took, in seconds of CPU, in a process of its own."""

import json
import random
import resource
import sys
import time
from pathlib import Path

from rolltrain_tui.runs.log.recording import Recording


def main(path: Path, seeks: int) -> dict[str, float]:
    start = time.process_time()
    recording = Recording(path)
    found = {"turns": recording.last, "open": time.process_time() - start, "slowest seek": 0.0, "seeks": seeks, "wrong": 0}
    rng = random.Random(10)
    for _ in range(seeks):
        turn = rng.randint(0, recording.last)
        start = time.process_time()
        scene, place = recording.at(turn)
        following = next(recording.turns(place), None)
        found["slowest seek"] = max(found["slowest seek"], time.process_time() - start)
        found["wrong"] += scene.turn != turn or (following is not None and following[0].turn != turn + 1)
    start, played = time.process_time(), 0
    for happened in recording.turns():
        played += bool(happened)
    found |= {"replay": time.process_time() - start, "replayed": played, "torch": "torch" in sys.modules}
    return found | {"megabytes": peak()}


def peak() -> float:
    """Megabytes of this process alone: getrusage would count the one that started it as well."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]))))
