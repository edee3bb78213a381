"""`device.dtype: auto` is what a few turns say, and is said once."""

from collections.abc import Callable
from contextlib import nullcontext
from itertools import count
from pathlib import Path

import pytest
import torch

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes import build
from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.learner import StepReport
from rolltrain_tui.runs.open import new_campaign
from rolltrain_tui.training import dtype_trial

Configs = Callable[..., CampaignConfig]
AUTO = "device.dtype=auto"


@pytest.fixture
def speeds(monkeypatch: pytest.MonkeyPatch) -> dict[torch.dtype, float]:
    """Seconds that a turn takes in each dtype. A test may change them."""
    taken, clock, step = {torch.float32: 1.0, torch.bfloat16: 1.0}, [0.0], TextLearner.step

    def slow(self: TextLearner, effect: StepEffect) -> StepReport:
        clock[0] += taken[self.dtype]
        return step(self, effect)

    monkeypatch.setattr(TextLearner, "step", slow)
    monkeypatch.setattr(dtype_trial, "perf_counter", lambda: clock[0])
    return taken


def learner_of(config: CampaignConfig) -> TextLearner:
    learner = build(config, base=Path())
    assert isinstance(learner, TextLearner)
    return learner


@pytest.mark.parametrize(("bfloat16", "expected"), [(0.5, "bfloat16"), (0.95, "float32"), (1.5, "float32"), (9.0, "float32")])
def test_the_faster_dtype_is_chosen(bfloat16: float, expected: str, speeds: dict[torch.dtype, float], tiny_config: Configs) -> None:
    """bfloat16 must be faster by a tenth. What was measured is told, and a copy of the learner does not measure again."""
    speeds[torch.bfloat16] = bfloat16
    learner = learner_of(tiny_config(AUTO))
    speeds[torch.bfloat16] = 9.0 if bfloat16 < 1 else 0.1
    for one in (learner, learner.fork()):
        assert one.info().dtype == one.config.device.dtype == expected
    assert f"auto chose {expected}: a turn took 1,000.0 ms in float32 and {1000 * bfloat16:,.1f} ms in bfloat16" in learner.info().note


@pytest.mark.parametrize(("float32", "bfloat16", "turns"), [(0.01, 0.01, 12), (0.15, 0.15, 6), (1.0, 1.0, 4), (1.0, 60.0, 2)])
def test_a_trial_is_as_short_as_it_may_be(
    float32: float, bfloat16: float, turns: int, speeds: dict[torch.dtype, float], tiny_config: Configs
) -> None:
    """A warm-up and five rounds, fewer after a second, and one alone in an emulated bfloat16. The fastest turn counts, no warm-up."""
    learner, taken = learner_of(tiny_config()), count()
    step = TextLearner.step

    def counted(self: TextLearner, effect: StepEffect) -> StepReport:
        slower = 1.0 if (next(taken) // 2) % 2 else 1.5  # the first round, and the third
        speeds.update({torch.float32: slower * float32, torch.bfloat16: slower * bfloat16})
        return step(self, effect)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TextLearner, "step", counted)
        found = dtype_trial.trial(learner)
    only = 1.5 if turns == 2 else 1.0
    assert (1000 * only * float32, 1000 * only * bfloat16) == pytest.approx((found.float32, found.bfloat16))
    assert next(taken) == turns


def test_the_trial_leaves_the_learner_as_it_was(tiny_config: Configs) -> None:
    """Training after it is training without it, to the bit."""
    config = tiny_config("device.dtype=float32")
    plain, tried = learner_of(config), learner_of(config)
    dtype_trial.trial(tried)
    assert [plain.step(NEUTRAL).loss for _ in range(3)] == [tried.step(NEUTRAL).loss for _ in range(3)]
    assert plain.weights_sha256() == tried.weights_sha256()


def test_the_campaign_of_a_run_names_what_was_chosen(speeds: dict[torch.dtype, float], tiny_config: Configs) -> None:
    """So its file, its branches and its ghost know."""
    speeds[torch.bfloat16] = 0.5
    campaign, note = new_campaign(tiny_config(AUTO), base=Path())
    assert dict(campaign.config.recipe(""))["device.dtype"] == "bfloat16"
    assert "auto chose bfloat16" in note


@pytest.mark.parametrize("compiles", [True, False])
@pytest.mark.slow
def test_nothing_is_compiled_for_the_trial(compiles: bool, tiny_config: Configs, monkeypatch: pytest.MonkeyPatch) -> None:
    """And PyTorch's compiler is not loaded for campaigns that do without it."""
    stances: list[str] = []
    monkeypatch.setattr(torch, "compile", lambda function: function)
    monkeypatch.setattr(torch.compiler, "set_stance", lambda stance: stances.append(stance) or nullcontext())
    learner_of(tiny_config(AUTO, f"device.compile={str(compiles).lower()}"))
    assert stances == ["force_eager"] * compiles
