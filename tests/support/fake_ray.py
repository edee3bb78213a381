"""As much of Ray as the jobs use, in this process. A job named in `killed` loses its worker as often as the number says."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any


class WorkerCrashedError(Exception):
    pass


class RayError(Exception):
    pass


class AuthenticationError(RayError):
    pass


class FakeRay:
    exceptions = SimpleNamespace(WorkerCrashedError=WorkerCrashedError, RayError=RayError, AuthenticationError=AuthenticationError)

    def __init__(self, *, refusal: Exception | None = None, killed: dict[Any, int] | None = None, **resources: float) -> None:
        self.refusal, self.killed, self.resources = refusal, dict(killed or {}), {"CPU": 2.0, **resources}
        self.cancelled: list[object] = []
        self.began: dict[str, Any] = {}
        self.task: dict[str, Any] = {}
        self.shut = 0

    def init(self, **given: Any) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.began = given

    def cluster_resources(self) -> dict[str, float]:
        return self.resources

    def shutdown(self) -> None:
        self.shut += 1

    def remote(self, **task: Any) -> Callable[[Callable[..., Any]], Any]:
        self.task = task
        return lambda function: SimpleNamespace(remote=lambda *values: (object(), function, values))

    def wait(self, references: Sequence[Any], *, num_returns: int, timeout: float) -> tuple[list[Any], list[Any]]:
        """The last that was given is the first that is ready."""
        return [references[-1]], list(references[:-1])

    def get(self, reference: Any) -> Any:
        _, function, (work, job, here) = reference
        if self.killed.get(job, 0) > self.task["max_retries"]:
            raise WorkerCrashedError
        return function(work, job, here)

    def cancel(self, reference: Any, *, force: bool) -> None:
        self.cancelled.append(reference)
