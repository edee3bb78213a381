"""Jobs side by side: one function, many values, and workers that may die.

An executor yields each job with its result in the order of finishing. A job whose worker is killed is tried once more; killed again, or
raising an exception, it is `Died`, and the others go on. The function is one of a module, because it travels by its name; jobs and results
are pickled. Executors: processes of this machine (`own_workers`), tasks of a Ray cluster (`ray_tasks`).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from rolltrain_tui.base.blame import told

J = TypeVar("J")
R = TypeVar("R")

Stopped = Callable[[], bool]
TRIES = 2
"""Attempts at a job whose worker is killed."""
GLANCE = 0.2
"""Seconds between looks at the stop flag."""


@dataclass(frozen=True, slots=True)
class Died:
    """A job without a result."""

    why: str
    """Foreign text: clean it before it is shown."""


class Executor(Protocol):
    """Stops early when `stopped` answers True; running jobs are then lost."""

    def __call__(self, work: Callable[[J], R], jobs: Sequence[J], stopped: Stopped) -> Iterator[tuple[J, R | Died]]: ...


def attempt(work: Callable[[J], R], job: J) -> R | Died:
    """The job's result. Every exception becomes a Died."""
    try:
        return work(job)
    except Exception as error:
        return Died(told(error))


def in_this_process(work: Callable[[J], R], jobs: Sequence[J], stopped: Stopped) -> Iterator[tuple[J, R | Died]]:
    """The executor without workers: one job after the other."""
    for job in jobs:
        if stopped():
            return
        yield job, attempt(work, job)
