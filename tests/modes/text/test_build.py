from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes import build as build_learner
from rolltrain_tui.modes.text.build import ModelShapeError
from rolltrain_tui.protocol.effects import NEUTRAL
from rolltrain_tui.training.machine.machine import DeviceError

MakeConfig = Callable[..., CampaignConfig]


def test_a_campaign_becomes_its_learner(tiny_config: MakeConfig, tmp_path: Path) -> None:
    """A campaign on a text beside its file gives a learner with that text's vocabulary, ready to train and to speak."""
    (tmp_path / "hoard.txt").write_text("gold and silver, silver and gold\n" * 40, encoding="utf-8")
    learner = build_learner(tiny_config("data={corpus: file, path: hoard.txt, validation_fraction: 0.1}"), base=tmp_path)
    facts = learner.info()
    assert f"{facts.parameters:,} weights, {len(set('gold and silver, silver and gold') | {chr(10)})} tokens" == facts.model
    assert (facts.objective.limit, facts.device, facts.dtype, facts.threads, facts.tokens_per_turn) == (None, "cpu", "float32", 1, 32)
    assert facts.parameters == learner.model.num_parameters()
    assert learner.step(NEUTRAL).finite
    assert len(learner.sample(9, temperature=1.0, top_k=3)) == 9


def test_a_built_in_corpus_has_a_floor(tiny_config: MakeConfig, tmp_path: Path) -> None:
    """The known entropy of a built-in corpus is among the facts."""
    assert build_learner(tiny_config(), base=tmp_path).info().objective.limit > 0


@pytest.mark.parametrize(("n_embd", "n_head", "nearest"), [(130, 4, 128), (5, 8, 8), (31, 16, 32)])
def test_heads_must_share_the_width_evenly(n_embd: int, n_head: int, nearest: int, tiny_config: MakeConfig, tmp_path: Path) -> None:
    """The error names the place and the nearest width that works."""
    config = tiny_config()
    config = config.model_copy(update={"model": config.model.model_copy(update={"n_embd": n_embd, "n_head": n_head})})
    with pytest.raises(ModelShapeError, match=f"model.n_embd: {n_embd} .* by {n_head} heads; the nearest width that can is {nearest}$"):
        build_learner(config, base=tmp_path)


def test_a_missing_device_is_said_before_the_text_is_read(tiny_config: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text need not be there for the player to hear that the GPU is not."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    config = tiny_config("device.device=cuda", "data={corpus: file, path: nowhere.txt, validation_fraction: 0.1}")
    with pytest.raises(DeviceError):
        build_learner(config, base=tmp_path)


def test_a_missing_text_is_a_value_error(tiny_config: MakeConfig, tmp_path: Path) -> None:
    """What is wrong with the text is a sentence for people."""
    config = tiny_config("data={corpus: file, path: nowhere.txt, validation_fraction: 0.1}")
    with pytest.raises(ValueError, match=r"nowhere\.txt"):
        build_learner(config, base=tmp_path)
