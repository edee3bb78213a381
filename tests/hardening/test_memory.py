"""Memory that runs out is told in one sentence, with what to make smaller; the run up to its last save is kept."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from support.paths import CAMPAIGNS
from support.shell import Answer

from rolltrain_tui.base.memory import NotEnoughMemoryError, ran_out, shortage
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes import MODES, campaign_file
from rolltrain_tui.plain.run import PlainOptions, play
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import TrainingFailed
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.learner import StepReport
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.verification.reexecution import from_the_beginning
from rolltrain_tui.runs.verification.verification import Verification
from rolltrain_tui.training.levered_learner import LeveredLearner

CPU = RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 3276800000 bytes. Error code 12")
CUDA = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.50 GiB. GPU 0 has a total capacity of 7.93 GiB")


@pytest.mark.parametrize(
    ("error", "more"),
    [
        (CPU, "3.1 GiB"),
        (CUDA, "20.5 GiB"),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9.01 GB). Tried to allocate 512.00 MB on private pool."), "0.5 GiB"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), ""),
        (MemoryError("std::bad_alloc"), ""),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), ""),
    ],
)
def test_every_library_says_it_in_its_own_way(error: Exception, more: str) -> None:
    """The sentence is the same, and says how much was asked for where the error does."""
    assert ran_out(error)
    assert (f"(for {more} more)" in shortage(error)) == bool(more)
    assert "bytes" not in shortage(error)


@pytest.mark.parametrize(
    "error", [RuntimeError("a shape"), OSError(errno.ENOSPC, "full"), ValueError("out of memory"), KeyError("out of memory")]
)
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    """A name or a text in an error that speaks of memory is none of it."""
    assert not ran_out(error)


@pytest.mark.parametrize("kind", [name for name, mode in MODES.items() if mode.template])
def test_every_kind_of_campaign_names_what_to_make_smaller(kind: str) -> None:
    """The values are the campaign's own, with their sizes; the batch's is the first."""
    config = campaign_file.load_text(campaign_file.template(kind), kind)
    assert config.heavy[0].startswith("batch.")
    assert config.heavy[0] in config.lighter
    assert "None" not in config.lighter


def after(turns: int, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every learner's memory runs out in the turn after so many."""
    step, taken = LeveredLearner.step, []

    def stepped(self: LeveredLearner, effect: StepEffect) -> StepReport:
        taken.append(1)
        if len(taken) > turns:
            raise error
        return step(self, effect)

    monkeypatch.setattr(LeveredLearner, "step", stepped)


@pytest.mark.parametrize("error", [CPU, CUDA])
def test_on_the_way(
    tiny_config: Callable[..., CampaignConfig],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    error: Exception,
) -> None:
    """A user's mistake, exit code 2. The sentence names the batch, and the command in it goes on from the last save."""
    config = tiny_config("save.autosave_every=2")
    run = Run.begin(config, base=CAMPAIGNS, runs=tmp_path)
    with monkeypatch.context() as patch:
        after(5, error, patch)
        assert 2 == play(run, PlainOptions(plain=True))[0]
    said = capfd.readouterr().out
    smaller = f"batch.sequences={config.model_dump()['batch']['sequences'] // 2}"
    assert "not enough memory" in said
    assert "Allocator" not in said
    assert f"--resume RUN --set {smaller}" in said
    again = Run.resume(run.folder, [smaller])
    assert again.campaign.turn in (4, 5)  # a camp saves too
    assert not any(isinstance(event, TrainingFailed) for event in again.play(Inbox()))


def test_at_the_start(tmp_path: Path, call: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that cannot be built is the campaign's mistake: exit code 2, with its values, and no run is left behind."""

    def full(*_: object, **__: object) -> None:
        raise CPU

    monkeypatch.setattr("rolltrain_tui.modes.text.build.TextLearner", full)
    done = call("train", "tutorial", "--out", str(tmp_path / "runs"))
    assert 2 == done.code
    assert "model.n_embd (" in done.err
    assert "traceback" not in done.err
    assert not (tmp_path / "runs").exists()


def test_while_a_save_is_opened(tiny_config: Callable[..., CampaignConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The save is not called damaged."""
    run = Run.begin(tiny_config(), base=CAMPAIGNS, runs=tmp_path)

    def full(*_: object) -> None:
        raise CPU

    monkeypatch.setattr("rolltrain_tui.modes.text.learner.TextLearner.load_state", full)
    with pytest.raises(NotEnoughMemoryError, match=r"batch\.sequences"):
        Run.resume(run.folder)


def test_while_a_run_is_verified(tiny_config: Callable[..., CampaignConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An honest run is not said to be contradicted."""
    run = Run.begin(tiny_config(), base=CAMPAIGNS, runs=tmp_path)
    list(run.play(Inbox()))
    after(3, CPU, monkeypatch)
    with pytest.raises(NotEnoughMemoryError, match=r"batch\.sequences"):
        Verification(from_the_beginning(run.folder), watch=lambda event: None).run()
