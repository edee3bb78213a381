"""Runs cells in parallel worker processes with one torch thread each. A worker that dies costs its cell, not the experiment."""

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
    """Yield each cell with its outcome in the order of finishing. Stops early when `stopped` answers True; running cells are then lost."""
    waiting = deque(cells)
    crew = [Worker() for _ in range(min(workers, len(cells)))]
    try:
        for worker in crew:
            worker.take(waiting.popleft())
        while busy := {worker.pipe: worker for worker in crew if worker.cell is not None}:
            for pipe in wait(list(busy), timeout=GLANCE):
                worker = busy[pipe]  # type: ignore[index]  # wait returns members of its argument
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
    """A process that runs cells one after another. It is spawned because torch is not safe to use after a fork."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, there = context.Pipe()
        self.cell: Cell | None = None
        self.alive = True
        self._process = context.Process(target=_work, args=(there,), daemon=True)
        with _interrupts_ignored():
            self._process.start()
        there.close()  # our copy would keep the pipe open after the worker has died

    def take(self, cell: Cell) -> None:
        self.cell = cell
        with suppress(OSError):  # it died while idle; `bring` will report that
            self.pipe.send(cell)

    def bring(self) -> tuple[Cell, Outcome]:
        """The finished cell. Blocks until the worker answers."""
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
    """The worker process: receive cells and send outcomes until the pipe closes."""
    os.environ["OMP_NUM_THREADS"] = "1"  # read when torch is loaded
    warnings.filterwarnings("ignore", "Failed to initialize NumPy", UserWarning)
    with suppress(EOFError, OSError):
        while True:
            pipe.send(run_cell(pipe.recv()))


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """A process started inside ignores Ctrl+C. The experiment handles the signal and ends its workers."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
