"""The GPT's passes written out are autograd's, to the bit."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from torch import Tensor

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes import build
from rolltrain_tui.modes.text.gpt import GPT, HAND_WRITTEN_CONTEXT, GPTConfig
from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.modes.text.written_out import WrittenOut, can_be_written_out
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect

V, T = 11, 9
DTYPES = [torch.float32, torch.bfloat16]


def model_of(*, seed: int = 1, bias: bool = False, tied: bool = True, context: int = T, dropout: float = 0.0) -> GPT:
    shape = GPTConfig(
        vocab_size=V, n_layer=2, n_head=2, n_embd=16, context=context, bias=bias, tie_weights=tied, dropout=dropout
    )  # fmt: skip
    model = GPT(shape, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        for p in model.parameters():
            p.add_(torch.randn(p.shape, generator=torch.Generator().manual_seed(seed)), alpha=0.05)  # biases are 0 at first
    return model


def batch_of(B: int, length: int = T, *, seed: int = 2) -> tuple[Tensor, Tensor]:
    window = torch.randint(V, (B, length + 1), generator=torch.Generator().manual_seed(seed))
    return window[:, :-1], window[:, 1:]


def by_autograd(model: GPT, idx: Tensor, targets: Tensor, dtype: torch.dtype, weight: float = 1.0) -> tuple[Tensor, list[Tensor]]:
    with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        loss = model.loss(idx, targets)
    return loss.detach(), list(torch.autograd.grad(loss * weight, list(model.parameters())))


def same(model: GPT, found: tuple[Tensor, list[Tensor]], expected: tuple[Tensor, list[Tensor]]) -> None:
    assert torch.equal(found[0], expected[0])
    for (name, _), a, b in zip(model.named_parameters(), found[1], expected[1], strict=True):
        assert torch.equal(a, b), name


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("weight", [1.0, 0.37])
def test_loss_and_gradient_are_those_of_autograd(dtype: torch.dtype, bias: bool, tied: bool, weight: float) -> None:
    """Also of one sequence, of fewer positions than the context has, and again after the weights have changed."""
    model = model_of(bias=bias, tied=tied)
    written = WrittenOut(model, dtype)
    for B, length in ((3, T), (1, T), (4, 5)):
        batch = batch_of(B, length)
        for _ in range(2):
            written.read_weights()
            same(model, written.gradient(*batch, weight=weight), by_autograd(model, *batch, dtype, weight))
            with torch.no_grad():
                for p in model.parameters():
                    p.mul_(1.01)


def test_two_threads_at_once_do_not_meet() -> None:
    model = model_of()
    written = WrittenOut(model, torch.float32)
    batches = [batch_of(2, seed=seed) for seed in range(20)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda batch: written.gradient(*batch, weight=1.0), batches))
    for batch, one in zip(batches, found, strict=True):
        same(model, one, by_autograd(model, *batch, torch.float32))


def test_a_gradient_is_not_changed_by_the_next() -> None:
    model = model_of()
    written = WrittenOut(model, torch.float32)
    first = written.gradient(*batch_of(2), weight=1.0)
    kept = [g.clone() for g in first[1]]
    written.gradient(*batch_of(2, seed=5), weight=1.0)
    assert all(map(torch.equal, first[1], kept))


def test_what_autograd_computes_by_other_kernels_is_left_to_it() -> None:
    assert can_be_written_out(model_of(), torch.float32)
    assert not can_be_written_out(model_of(dropout=0.1), torch.float32)
    assert not can_be_written_out(model_of().double(), torch.float32)
    assert not can_be_written_out(model_of(context=HAND_WRITTEN_CONTEXT + 1), torch.bfloat16)
    assert not can_be_written_out(model_of(), torch.float16)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(
    "effect",
    [NEUTRAL, StepEffect(target_noise=0.3), StepEffect(drop_worst=2), StepEffect(micro_scales=(0.5, 2.0)), StepEffect(batch_factor=1.5)],
)
def test_turns_are_those_of_autograd(
    tiny_config: Callable[..., CampaignConfig], monkeypatch: pytest.MonkeyPatch, dtype: str, threads: int, effect: StepEffect
) -> None:
    config = tiny_config(f"device.dtype={dtype}", f"device.threads={threads}", "batch.accumulation=2")

    def trained() -> tuple[TextLearner, list[float]]:
        learner = build(config, base=Path())
        assert isinstance(learner, TextLearner)
        return learner, [learner.step(one).loss for one in (NEUTRAL, effect, NEUTRAL)]

    before = torch.get_num_threads()
    try:
        ours, losses = trained()
        assert ours._written is not None
        monkeypatch.setattr(TextLearner, "_written_out", lambda self: None)
        plain, expected = trained()
    finally:
        torch.set_num_threads(before)
    assert losses == expected
    assert ours.weights_sha256() == plain.weights_sha256()
