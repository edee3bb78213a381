"""A batch in two halves is the same batch."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes import build as build_learner
from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.training.machine.split_batch import SplitBatch
from rolltrain_tui.training.tensors.update_buffers import in_one_piece, lay_side_by_side

Configs = Callable[..., CampaignConfig]


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def learner_of(config: CampaignConfig) -> TextLearner:
    learner = build_learner(config, base=Path())
    assert isinstance(learner, TextLearner)
    return learner


def gradient(x: Tensor, y: Tensor, model: nn.Linear, weight: float) -> tuple[Tensor, list[Tensor]]:
    """Of the squared error, with the error itself."""
    loss = (model(x) - y).square().mean()
    return loss.detach(), list(torch.autograd.grad(loss * weight, list(model.parameters())))


@pytest.mark.parametrize("sequences", [2, 5, 12])
def test_two_halves_have_the_gradient_of_the_whole(sequences: int) -> None:
    """Also of an odd number of sequences, and added to what an earlier micro-batch left."""
    model = nn.Linear(3, 2).double()
    x, y = torch.randn(sequences, 3).double(), torch.randn(sequences, 2).double()
    loss, expected = gradient(x, y, model, 0.5)
    halves = SplitBatch(list(model.parameters()), 2)
    for times in (1, 2):
        raw = halves.descend(lambda *batch, weight: gradient(*batch, model, weight), (x, y), 0.5)
        assert raw.item() == pytest.approx(loss.item(), rel=1e-12)
        for p, wanted in zip(model.parameters(), expected, strict=True):
            assert p.grad is not None
            torch.testing.assert_close(p.grad, times * wanted)


def test_an_error_in_either_half_comes_back_and_leaves_no_one_at_work() -> None:
    halves = SplitBatch([torch.zeros(1, requires_grad=True)], 2)

    def refuse(x: Tensor) -> Tensor:
        if x.item() == 1:
            raise MemoryError("no room")
        return x

    for mine, helpers in ((0.0, 1.0), (1.0, 0.0)):
        with pytest.raises(MemoryError, match="no room"):
            halves.both(refuse, (torch.tensor(mine),), (torch.tensor(helpers),))
    assert halves.both(refuse, (torch.tensor(2.0),), (torch.tensor(3.0),)) == (2.0, 3.0)


@pytest.mark.parametrize(
    "effect",
    [NEUTRAL, StepEffect(update_scale=1.5), StepEffect(target_noise=0.25), StepEffect(drop_worst=1), StepEffect(batch_factor=0.25)],
    ids=["neutral", "scaled", "noisy targets", "dropped", "one sequence"],
)
@pytest.mark.parametrize("accumulation", [1, 3])
def test_two_threads_train_as_one_but_for_rounding(tiny_config: Configs, effect: StepEffect, accumulation: int) -> None:
    """Losses, evaluations and weights of a few turns; and two runs in halves are the same to the bit."""
    runs = []
    for threads in (1, 2, 2):
        learner = learner_of(tiny_config(f"device.threads={threads}", f"batch.accumulation={accumulation}", "evaluation.sequences=700"))
        losses = [learner.step(effect).loss for _ in range(4)]
        runs.append((losses, learner.evaluate(700).value, learner.weights_sha256()))
    one, two, again = runs
    assert two == again
    assert two[0] == pytest.approx(one[0], rel=1e-5)
    assert two[1] == pytest.approx(one[1], rel=1e-4)


def test_parameters_laid_side_by_side_keep_their_values_and_are_one_piece() -> None:
    layers = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    before = [p.detach().clone() for p in layers.parameters()]
    assert in_one_piece(list(layers.parameters())) is None
    lay_side_by_side(list(layers.parameters()))
    flat = in_one_piece(list(layers.parameters()))
    assert flat is not None
    assert torch.equal(flat, torch.cat([p.flatten() for p in before]))
    flat.mul_(2)
    for p, was in zip(layers.parameters(), before, strict=True):
        assert torch.equal(p, 2 * was)
    assert in_one_piece(list(layers.parameters())[::-1]) is None
