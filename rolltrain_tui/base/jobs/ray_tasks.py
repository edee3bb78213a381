"""Jobs as Ray Core tasks: on this machine without an address, or on the Ray cluster at one. The extra `ray`.

Ray's services run any code that is sent to them. Without an address it listens on this machine only; a cluster is one's own, or none.
"""

import importlib
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from rolltrain_tui import __version__
from rolltrain_tui.base.grammar import plural
from rolltrain_tui.base.jobs import GLANCE, TRIES, Died, J, R, Stopped, attempt
from rolltrain_tui.base.safe_text import one_line

ANSWER_SECONDS = 10.0
"""How long a cluster may take to answer."""
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",  # else its workers stand back behind all other work of this machine
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # the name misleads: off, a node's own address is the loopback one
}
"""Environment of a Ray of our own, read when Ray is loaded."""
INSTALL = "--ray needs Ray, which is not installed: pip install 'rolltrain-tui[ray]'"


class RayError(ValueError):
    """There is no Ray to run jobs on; the message is a sentence for people, with the remedy."""


@dataclass(frozen=True, slots=True)
class RayTasks:
    """An executor on the Ray that this process is connected to."""

    ray: Any
    gpus: int
    """GPUs of each job."""

    def __call__(self, work: Callable[[J], R], jobs: Sequence[J], stopped: Stopped) -> Iterator[tuple[J, R | Died]]:
        ray, here = self.ray, versions()
        task = ray.remote(num_cpus=1, num_gpus=self.gpus, max_retries=TRIES - 1)(_there)
        running = {task.remote(work, job, here): job for job in jobs}
        try:
            while running and not stopped():
                for reference in ray.wait(list(running), num_returns=1, timeout=GLANCE)[0]:
                    yield running.pop(reference), self._brought(reference)
        finally:
            for reference in running:
                ray.cancel(reference, force=True)

    def _brought(self, reference: Any) -> Any:
        ray = self.ray
        try:
            return ray.get(reference)
        except ray.exceptions.WorkerCrashedError:
            return Died(f"its worker was killed {TRIES} times")
        except ray.exceptions.RayError as error:
            return Died(f"Ray: {one_line(str(error), 300)}")


def _there(work: Callable[[J], R], job: J, asked: str) -> R | Died:
    """The job, done by this worker; Died where its versions are not those asked for, since they would give other numbers."""
    if (here := versions()) != asked:
        return Died(f"the worker on {socket.gethostname()} has {here}, and {asked} is needed: install the same on all machines")
    return attempt(work, job)


def versions() -> str:
    return f"rolltrain {__version__}, torch {version('torch')}"


@contextmanager
def connected(address: str | None, *, workers: int, gpus: int = 0) -> Iterator[RayTasks]:
    """Ray's tasks while inside; each job takes one core and `gpus` GPUs. RayError.

    Without an address a Ray with so many `workers` is started on this machine, and ended afterwards.
    """
    if address is not None:
        check_address(address)
    ray = load(local=address is None)
    if address is not None and "://" not in address and address != "auto":
        _knock(address)
    if address is None:
        _start(ray, workers)
    else:
        _attach(ray, address)
    try:
        _check_room(ray.cluster_resources(), gpus)
        yield RayTasks(ray, gpus)
    finally:
        ray.shutdown()


def load(*, local: bool) -> Any:
    """The library. RayError where it is not installed."""
    if local:
        os.environ.update(QUIET)
    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        return importlib.import_module("ray")
    except ImportError:
        raise RayError(INSTALL) from None


def check_address(address: str) -> None:
    """RayError for what cannot be one."""
    if address == "auto":
        return
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise RayError(f"--ray {one_line(address, 60)!r} is no address: write HOST:PORT such as 10.0.0.5:6379, auto, or ray://HOST:10001.")


def _knock(address: str) -> None:
    """RayError where nobody listens: Ray itself would try for a minute and then end the process."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER_SECONDS).close()
    except OSError as error:
        why = "" if isinstance(error, TimeoutError) else f" ({error.strerror or error})"
        raise RayError(f"No Ray answers at {one_line(address, 60)} within {ANSWER_SECONDS:g} s{why}; {_REMEDY}") from None


_REMEDY = "start one there with `ray start --head`, or leave the address out."


_TOKEN = "Its token has to be in ~/.ray/auth_token here, or in RAY_AUTH_TOKEN, with RAY_AUTH_MODE=token."
HUSHED = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": False}


def _start(ray: Any, workers: int) -> None:
    """Not in a thread of its own: Ray's processes end with the thread that started them. RayError."""
    try:
        ray.init(address="local", num_cpus=workers, include_dashboard=False, **HUSHED)  # without "local" it would join one that runs here
    except Exception as error:
        why = f"{type(error).__name__}: {one_line(str(error), 200)}"
        raise RayError(f"No Ray starts on this machine ({why}); --workers does the same without it.") from None


def _attach(ray: Any, address: str) -> None:
    """In a thread of its own, because Ray has no time limit for it. RayError."""
    raised: list[BaseException] = []

    def connect() -> None:
        try:
            ray.init(address=address, **HUSHED)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=connect, name="ray", daemon=True)
    thread.start()
    thread.join(ANSWER_SECONDS)
    where = f"at {one_line(address, 60)}"
    if thread.is_alive():  # somebody listens there; a Ray is silent towards those without its token
        raise RayError(f"No Ray answers {where} within {ANSWER_SECONDS:g} s. Is it a Ray's port? {_TOKEN}")
    if raised:
        raise RayError(_in_words(ray, raised[0], where)) from None


def _in_words(ray: Any, error: BaseException, where: str) -> str:
    text = one_line(str(error), 200)
    if isinstance(error, ray.exceptions.AuthenticationError) or "token" in text.lower():
        return f"The Ray {where} refuses the token of this machine. {_TOKEN}"
    return f"No Ray {where} ({type(error).__name__}: {text}); {_REMEDY}"


def _check_room(resources: dict[str, float], gpus: int) -> None:
    """Ray would wait for ever for what it has not. RayError."""
    there = {name: int(resources.get(name, 0)) for name in ("CPU", "GPU")}
    if there["CPU"] < 1 or there["GPU"] < gpus:
        raise RayError(
            f"The Ray has {there['CPU']} {plural(there['CPU'], 'core')} and {there['GPU']} {plural(there['GPU'], 'GPU')}, "
            f"and each run asks for 1 and {gpus}; train with --set device.device=cpu, or connect to a cluster that has them."
        )
