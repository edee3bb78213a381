"""Jobs side by side, on workers of every kind."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from support.fake_ray import AuthenticationError, FakeRay
from support.paths import TESTS
from support.patience import PATIENCE
from support.shell import Answer
from support.short_jobs import deadly, deadly_once, halved, origin

from rolltrain_tui.base import jobs
from rolltrain_tui.base.jobs import Died, Executor, in_this_process, ray_tasks
from rolltrain_tui.base.jobs.own_workers import OwnWorkers
from rolltrain_tui.cli.shared.executors import LOADED


@contextmanager
def on_fake(ray: FakeRay, monkeypatch: pytest.MonkeyPatch, address: str | None = None, gpus: int = 0) -> Iterator[Executor]:
    monkeypatch.setitem(sys.modules, "ray", ray)  # type: ignore[arg-type]
    monkeypatch.setattr(ray_tasks, "_knock", lambda address: None)
    with ray_tasks.connected(address, workers=2, gpus=gpus) as tasks:
        yield tasks


@pytest.mark.parametrize("kind", ["here", "ray", pytest.param("own", marks=pytest.mark.slow)])
def test_results_come_as_they_finish_and_a_job_that_raises_has_died(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {"here": nullcontext(in_this_process), "own": nullcontext(OwnWorkers(1, LOADED))}.get(kind) or on_fake(FakeRay(), monkeypatch)
    with made as execute:
        found = dict(execute(halved, [3, 0, 4], lambda: False))
    assert (found[3], found[4]) == (4.0, 3.0)
    assert found[0] == Died("ZeroDivisionError: division by zero")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere workers are spawned")
def test_a_worker_is_forked_with_torch_by_a_process_of_one_thread_and_has_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process with more threads must not fork; what was set since the server's start is known too."""
    dict(OwnWorkers(1, LOADED)(halved, [3], lambda: False))  # the server has started by now
    monkeypatch.setenv("ROLLTRAIN_TRIAL", "set later")
    assert dict(OwnWorkers(1, LOADED)(origin, ["ROLLTRAIN_TRIAL"], lambda: False)) == {"ROLLTRAIN_TRIAL": (True, 1, "set later")}


@pytest.mark.parametrize("kind", ["here", "ray"])
def test_nothing_is_begun_after_the_word_to_stop(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ray, done = FakeRay(), []
    with nullcontext(in_this_process) if kind == "here" else on_fake(ray, monkeypatch) as execute:
        for job, _ in execute(halved, [3, 2, 1], lambda: bool(done)):
            done.append(job)
    assert len(done) == 1
    assert len(ray.cancelled) == (2 if kind == "ray" else 0)


@pytest.mark.slow
def test_a_worker_that_is_killed_costs_its_job_one_more_try(tmp_path: Path) -> None:
    once, always = str(tmp_path / "once"), str(tmp_path / "always")
    assert list(OwnWorkers(1, LOADED)(deadly_once, [once], lambda: False)) == [(once, 7)]
    assert list(OwnWorkers(1, LOADED)(deadly, [always], lambda: False)) == [(always, Died("its process ended with code 9, 2 times"))]


def test_ray_is_told_to_try_a_killed_job_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    with on_fake(FakeRay(killed={3: 1, 2: 2}), monkeypatch) as execute:
        assert dict(execute(halved, [3, 2, 1], lambda: False)) == {1: 12.0, 2: Died("its worker was killed 2 times"), 3: 4.0}


def test_a_worker_with_other_versions_gives_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    with on_fake(FakeRay(), monkeypatch) as execute:
        found = execute(halved, [3], lambda: False)
        said = iter(["rolltrain 1, torch 2", "rolltrain 1, torch 3"])
        monkeypatch.setattr(ray_tasks, "versions", lambda: next(said))
        (died,) = [result for _, result in found]
    assert isinstance(died, Died)
    assert "has rolltrain 1, torch 3, and rolltrain 1, torch 2 is needed" in died.why


def test_a_ray_that_does_not_start_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ray_tasks.RayError, match=r"No Ray starts on this machine \(OSError: no room\); --workers does the same"):
        on_fake(FakeRay(refusal=OSError("no room")), monkeypatch).__enter__()


def test_a_ray_of_our_own_listens_here_only_and_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", raising=False)
    monkeypatch.delenv("RAY_USAGE_STATS_ENABLED", raising=False)
    with on_fake(ray := FakeRay(), monkeypatch):
        assert (ray.began["address"], ray.began["num_cpus"], ray.began["include_dashboard"], ray.shut) == ("local", 2, False, 0)
        assert (os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"], os.environ["RAY_USAGE_STATS_ENABLED"]) == ("0", "0")
    assert ray.shut == 1


@pytest.mark.parametrize(
    ("ray", "gpus", "words"),
    [
        (
            FakeRay(refusal=AuthenticationError("no")),
            0,
            r"at here:6379 refuses the token of this machine. Its token has to be in ~/.ray/auth_token",
        ),
        (FakeRay(refusal=RuntimeError("Invalid Token")), 0, "refuses the token"),
        (FakeRay(refusal=ConnectionError("gone")), 0, r"No Ray at here:6379 \(ConnectionError: gone\); start one"),
        (FakeRay(), 1, "2 cores and 0 GPUs, and each run asks for 1 and 1; train with --set device.device=cpu"),
    ],
)
def test_a_cluster_that_will_not_do_is_a_sentence(ray: FakeRay, gpus: int, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ray_tasks.RayError, match=words), on_fake(ray, monkeypatch, "here:6379", gpus):
        pass


def test_a_cluster_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(ray_tasks, "ANSWER_SECONDS", 0.05)
    ray = FakeRay()
    monkeypatch.setattr(ray, "init", lambda **given: answered.wait(PATIENCE))
    try:
        with (
            pytest.raises(ray_tasks.RayError, match=r"No Ray answers at here:6379 within 0.05 s. Is it a Ray's port\? Its token"),
            on_fake(ray, monkeypatch, "here:6379"),
        ):
            pass
    finally:
        answered.set()


def test_nobody_at_the_address_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", FakeRay())  # type: ignore[arg-type]
    with (
        pytest.raises(ray_tasks.RayError, match=r"No Ray answers at 127.0.0.1:1 within 10 s \(.*\); start one there"),
        ray_tasks.connected("127.0.0.1:1", workers=1),
    ):
        pass


@pytest.mark.parametrize("address", ["tutorial", "x", "host:", ":6379", "host:0", "host:65536", "host:٣", "ray://host", "\x1b[31m:x", ""])
def test_what_is_no_address_is_named_before_anything_runs(address: str, call: Callable[..., Answer]) -> None:
    answer = call("compare", "tutorial", "--ray", address)
    assert (answer.code, answer.out) == (2, "")
    assert "is no address" in answer.err
    assert "--ray stands at the end" in " ".join(answer.err.split())
    assert "\x1b" not in answer.err


def test_without_ray_the_command_says_what_to_install(call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # type: ignore[arg-type]
    answer = call("compare", "tutorial", "--out", tmp_path / "x", "--ray")
    assert (answer.code, answer.out) == (2, "")
    assert "pip install 'rolltrain-tui[ray]'" in answer.err
    assert not (tmp_path / "x").exists()


@pytest.mark.slow
def test_ray_itself_gives_the_same_and_survives_a_killed_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray", reason="the extra ray is not installed")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")]))
    once = str(tmp_path / "once")
    with ray_tasks.connected(None, workers=2) as execute:
        assert dict(execute(halved, [3, 4], lambda: False)) == {3: 4.0, 4: 3.0}
        assert dict(execute(deadly_once, [once], lambda: False)) == {once: 7}
        assert dict(execute(deadly, ["x"], lambda: False)) == {"x": Died(f"its worker was killed {jobs.TRIES} times")}
