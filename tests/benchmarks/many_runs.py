"""What many runs cost beside their training: a worker, a job, a run's birth, its branch, and its going on. CPU seconds, children included.

python tests/benchmarks/many_runs.py
"""

import resource
import sys
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[2]))

from rolltrain_tui.base.jobs import in_this_process
from rolltrain_tui.base.jobs.own_workers import OwnWorkers
from rolltrain_tui.experiment.evolution.leg import Birth, Leg, give_birth, walk
from rolltrain_tui.modes.campaign_file import load

EMPTY = 3000
TURNS = 40
SHORT = ("turns=200", "evaluation.every=40", "diagnosis.scouts=off", "twin.mode=off", "speech.every=0", "device.threads=1")


def cpu() -> float:
    """CPU seconds of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(of.ru_utime + of.ru_stime for of in used)


def cost(work: Callable[[], object]) -> float:
    before = cpu()
    work()
    return cpu() - before


def nothing(job: int) -> int:
    return job


def loads_torch(job: int) -> int:
    import rolltrain_tui.runs.run  # noqa: F401

    return job


def with_worker(work: Callable[[int], int], jobs: int) -> float:
    """Of a worker from its start to its end, with so many jobs."""

    def run() -> None:
        with closing(OwnWorkers(1)) as workers:
            list(workers(work, range(jobs), lambda: False))

    return cost(run)


def main() -> None:
    warnings.filterwarnings("ignore", "Failed to initialize NumPy", UserWarning)
    bare = median(with_worker(nothing, 1) for _ in range(3))
    print(f"a worker with torch loaded {median(with_worker(loads_torch, 1) for _ in range(3)):.2f} s")
    print(f"a job that does nothing    {(median(with_worker(nothing, EMPTY) for _ in range(3)) - bare) / EMPTY * 1000:.2f} ms")
    config = load(Path(__file__).parents[2] / "campaigns" / "tutorial.yaml", SHORT)
    with TemporaryDirectory() as folder:
        births, branches, whole, again = [], [], [], []
        for i in range(4):
            birth = Birth(folder, folder, f"a{i}", config.model_dump_json(), ".")
            births.append(cost(lambda birth=birth: give_birth(birth)))  # type: ignore[misc]
            whole.append(cost(lambda i=i: walk(Leg(folder, f"a{i}", TURNS))))  # type: ignore[misc]
            again.append(cost(lambda i=i: walk(Leg(folder, f"a{i}", TURNS))))  # type: ignore[misc]
            branch = Birth(folder, folder, f"b{i}", "", ".", f"a{i}", TURNS, (f"optimizer.learning_rate={1e-3 + i * 1e-4}",))
            branches.append(cost(lambda branch=branch: list(in_this_process(give_birth, [branch], lambda: False))))  # type: ignore[misc]
    print(f"a new run's folder         {median(births[1:]):.2f} s")
    print(f"a branch of a run          {median(branches[1:]):.2f} s")
    print(f"a run that is opened again {median(again[1:]):.2f} s")
    print(f"{TURNS} turns of it        {median(whole[1:]) - median(again[1:]):.2f} s")


if __name__ == "__main__":
    main()
