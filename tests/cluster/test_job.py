"""Which run a job goes on with after a restart, and which of its processes speaks."""

from pathlib import Path

import pytest

from rolltrain_tui.cluster import job, launched


def test_a_job_remembers_its_run_until_it_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the id that torchrun gives it; another job knows nothing of it."""
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "mine")
    assert job.remembered(tmp_path) is None
    job.remember(tmp_path, tmp_path / "run-é")
    assert job.remembered(tmp_path) == (tmp_path / "run-é").resolve()
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "another")
    assert job.remembered(tmp_path) is None
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "mine")
    job.forget(tmp_path)
    assert job.remembered(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_without_an_id_the_launcher_is_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """torchrun calls every job without one "none"; the process that started the ranks tells them apart."""
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setattr("os.getppid", lambda: 11)
    job.remember(tmp_path, tmp_path / "run")
    monkeypatch.setattr("os.getppid", lambda: 12)
    assert job.remembered(tmp_path) is None
    monkeypatch.setattr("os.getppid", lambda: 11)
    assert job.remembered(tmp_path) == (tmp_path / "run").resolve()


@pytest.mark.parametrize(("told", "speaks"), [("0", True), ("1", False), (None, True)])
def test_the_first_process_of_a_machine_speaks(told: str | None, speaks: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the launcher numbers those of a machine; else each speaks for itself."""
    for name in launched.NEEDED:
        monkeypatch.setenv(name, "1")
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    if told is not None:
        monkeypatch.setenv("LOCAL_RANK", told)
    assert launched.first_here() == speaks


@pytest.mark.parametrize("missing", launched.NEEDED)
def test_who_misses_one_of_the_variables_is_on_its_own(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster may set an address for every process; that alone makes it no rank."""
    for name in launched.NEEDED:
        monkeypatch.setenv(name, "1")
    assert launched.launched()
    monkeypatch.delenv(missing)
    assert not launched.launched()
