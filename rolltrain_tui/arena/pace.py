"""One thread or two: whichever is faster at the moment.

Two threads that share out small operations wait for each other all the time. On an idle machine they gain a third; beside another busy
program they can lose a factor of eight. So a field tries both now and then and stays with the faster. The threads share the work out by
whole agents: the numbers are the same either way, and what the clock says decides about speed alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

import torch

TRIAL = 4
"""Steps that each number of threads is tried for."""
ROUND = 128
"""Steps from one trial to the next."""


class Pace:
    def __init__(self, most: int) -> None:
        self.most = most
        self._step = 0
        self._taken = {1: 0.0, most: 0.0}

    @contextmanager
    def of_a_step(self) -> Iterator[None]:
        """Around each step; sets the threads that it runs with."""
        at = self._step % ROUND
        if at == 0:
            self._taken = dict.fromkeys(self._taken, 0.0)
        trying = at < TRIAL * len(self._taken)
        threads = list(self._taken)[at // TRIAL] if trying else min(self._taken, key=self._taken.__getitem__)
        torch.set_num_threads(threads)
        started = perf_counter()
        yield
        self._taken[threads] += perf_counter() - started if trying else 0.0
        self._step += 1
