"""CPU times that can be compared on a busy machine."""

from collections.abc import Callable
from statistics import median
from time import process_time


def interleaved(seconds: float, *works: Callable[[], object]) -> list[float]:
    """Median CPU seconds of each, run in turns."""
    for work in works:
        work()
    taken: list[list[float]] = [[] for _ in works]
    ends = process_time() + seconds
    while process_time() < ends or len(taken[-1]) < 3:
        for work, own in zip(works, taken, strict=True):
            began = process_time()
            work()
            own.append(process_time() - began)
    return [median(own) for own in taken]
