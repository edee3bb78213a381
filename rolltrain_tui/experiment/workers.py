"""Cells in processes of their own, side by side. Each has one torch thread; one that dies costs its cell, not the experiment."""

import multiprocessing
import os
import signal
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait

from rolltrain_tui.experiment.grid import Cell
from rolltrain_tui.experiment.run import Failure, Outcome, run_cell

GLANCE = 0.2
"""Seconds between looks at the stop flag."""


def run_side_by_side(cells: Sequence[Cell], workers: int, stopped: Callable[[], bool]) -> Iterator[tuple[Cell, Outcome]]:
    """Each cell with its outcome, in the order they finish. Ends early once `stopped` says so; cells under way are lost then."""
    waiting = deque(cells)
    crew = [Worker() for _ in range(min(workers, len(cells)))]
    try:
        for worker in crew:
            worker.take(waiting.popleft())
        while busy := {worker.pipe: worker for worker in crew if worker.cell is not None}:
            for pipe in wait(list(busy), timeout=GLANCE):
                worker = busy[pipe]  # type: ignore[index]  # wait answers with what it was given
                found = worker.bring()
                if not worker.alive and stopped():
                    return  # the signal that stopped us went to the workers too
                yield found
                if waiting and not worker.alive:
                    crew.append(worker := Worker())
                if waiting:
                    worker.take(waiting.popleft())
            if stopped():
                return
    finally:
        for worker in crew:
            worker.end()


class Worker:
    """A process that plays cells one after the other. Spawned, not forked: torch does not outlive a fork in good health."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, there = context.Pipe()
        self.cell: Cell | None = None
        self.alive = True
        self._process = context.Process(target=_work, args=(there,), daemon=True)
        with _interrupts_ignored():
            self._process.start()
        there.close()  # ours alone would keep the pipe open after the worker is gone

    def take(self, cell: Cell) -> None:
        self.cell = cell
        with suppress(OSError):  # it died idle; `bring` will tell
            self.pipe.send(cell)

    def bring(self) -> tuple[Cell, Outcome]:
        """The finished cell. Blocks until there is one."""
        cell, self.cell = self.cell, None
        assert cell is not None
        try:
            return cell, self.pipe.recv()
        except (EOFError, OSError):
            self.alive = False
            self._process.join()
            return cell, Failure(f"its process ended with code {self._process.exitcode}")

    def end(self) -> None:
        self.pipe.close()
        self._process.terminate()
        self._process.join()


def _work(pipe: "Connection[Outcome, Cell]") -> None:
    """The worker's side: cells in, outcomes out, until the pipe closes."""
    os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is loaded
    warnings.filterwarnings("ignore", "Failed to initialize NumPy", UserWarning)
    with suppress(EOFError, OSError):
        while True:
            pipe.send(run_cell(pipe.recv()))


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """A process started inside ignores Ctrl+C: it is for the experiment, which ends its workers itself."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
