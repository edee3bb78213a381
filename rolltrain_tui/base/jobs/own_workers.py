"""Jobs in processes of this machine, each with one torch thread. A worker that dies costs its job a second try, not the others."""

import multiprocessing
import os
import signal
import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any

from rolltrain_tui.base.jobs import GLANCE, TRIES, Died, J, R, Stopped, attempt

_CONTEXT = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")


@dataclass(slots=True)
class OwnWorkers:
    """An executor with processes of this machine. They stay for the next list of jobs, until `close` or the end of this process."""

    count: int
    preload: Sequence[str] = ()
    """Modules that the server of the workers loads once for all of them. None of them may start a thread."""
    _idle: "list[_Worker]" = field(default_factory=list)

    def __post_init__(self) -> None:
        if sys.platform != "win32":
            resource_tracker.ensure_running()  # later the screen may have taken stderr, which it wants
        if sys.platform == "linux":
            _CONTEXT.set_forkserver_preload([*self.preload])

    def close(self) -> None:
        for worker in self._idle:
            worker.end()
        self._idle.clear()

    def __call__(self, work: Callable[[J], R], jobs: Sequence[J], stopped: Stopped) -> Iterator[tuple[J, R | Died]]:
        waiting = deque(_Task(work, job) for job in jobs)
        crew = [self._idle.pop() if self._idle else _Worker() for _ in range(min(self.count, len(jobs)))]
        try:
            for worker in crew:
                worker.take(waiting.popleft())
            while busy := {worker.pipe: worker for worker in crew if worker.task is not None}:
                for pipe in wait(list(busy), timeout=GLANCE):
                    worker = busy[pipe]  # type: ignore[index]  # wait returns members of its argument
                    task, found = worker.bring()
                    if not worker.alive and stopped():
                        return  # the signal that stopped us went to the workers too
                    if not worker.alive and task.tries < TRIES:
                        waiting.append(task)
                    else:
                        yield task.job, found
                    if waiting and not worker.alive:
                        crew.append(worker := _Worker())
                    if waiting:
                        worker.take(waiting.popleft())
                if stopped():
                    return
        finally:
            for worker in crew:
                if worker.alive and worker.task is None:
                    self._idle.append(worker)
                else:
                    worker.end()


@dataclass(slots=True)
class _Task:
    work: Callable[[Any], Any]
    job: Any
    tries: int = 0


class _Worker:
    """A process that does tasks one after another.

    It is not forked from this one, whose torch may have threads. On Linux a server with torch and a single thread forks it, so that a
    second worker starts in hundredths of a second; elsewhere it is spawned.
    """

    def __init__(self) -> None:
        self.pipe, there = _CONTEXT.Pipe()
        self.task: _Task | None = None
        self.alive = True
        self._process = _CONTEXT.Process(target=_serve, args=(there, dict(os.environ)), daemon=True)  # type: ignore[attr-defined]
        with _interrupts_ignored(), _one_thread():
            self._process.start()
        there.close()  # our copy would keep the pipe open after the worker has died

    def take(self, task: _Task) -> None:
        task.tries += 1
        self.task = task
        with suppress(OSError):  # it died while idle; `bring` will report that
            self.pipe.send((task.work, task.job))

    def bring(self) -> tuple[_Task, Any]:
        """The finished task with its result. Blocks until the worker answers."""
        task, self.task = self.task, None
        assert task is not None
        try:
            return task, self.pipe.recv()
        except (EOFError, OSError):
            self.alive = False
            self._process.join()
            return task, Died(f"its process ended with code {self._process.exitcode}, {task.tries} times")

    def end(self) -> None:
        self.pipe.close()
        self._process.terminate()
        self._process.join()


def _serve(pipe: "Connection[Any, Any]", environment: dict[str, str]) -> None:
    """The worker process: receive tasks and send results until the pipe closes."""
    os.environ.clear()  # a server's is that of its own start
    os.environ.update(environment, OMP_NUM_THREADS="1")  # read when torch is loaded
    warnings.filterwarnings("ignore", "Failed to initialize NumPy", UserWarning)
    with suppress(EOFError, OSError):
        while True:
            work, job = pipe.recv()
            pipe.send(attempt(work, job))


@contextmanager
def _one_thread() -> Iterator[None]:
    """A server that is started inside loads torch with one thread: with more it could not fork."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """A process started inside ignores Ctrl+C. Whoever gave the jobs handles the signal and ends the workers."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
