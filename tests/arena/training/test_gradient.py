"""Backpropagation written out is the derivative of the loss, of every agent by itself, on one thread or two."""

from typing import Any

import pytest
import torch

from rolltrain_tui.arena.agents.agents import Recipe, Shape
from rolltrain_tui.arena.agents.corpora import corpus_of
from rolltrain_tui.arena.training.model_batch import ModelBatch, gradient, views
from rolltrain_tui.arena.training.trainer import DIVIDED, ROUND, TRIAL, ThreadChoice, Trainer, TrainJob
from rolltrain_tui.training.machine.machine import available_cores

V = 11


@pytest.mark.parametrize("style", ["gpt", "microgpt"])
@pytest.mark.parametrize("layers", [1, 3])
def test_it_is_the_slope_of_the_loss(style: Any, layers: int) -> None:
    """In double precision, a small way along each of many directions changes each agent's loss by what the gradient foretells."""
    shape, dice = Shape(n_embd=6, n_layer=layers, n_head=3, context=5, style=style), torch.Generator().manual_seed(layers)
    K, B, T = 3, 4, shape.context
    fresh = ModelBatch.fresh(shape, V, range(K)).theta.double()
    field = ModelBatch(shape, V, fresh + 0.3 * torch.randn(fresh.shape, generator=dice, dtype=torch.float64))
    windows = torch.randint(V, (K, B, T + 1), generator=dice)
    found = torch.full_like(field.theta, torch.nan)
    losses = gradient(field, windows, views(shape, V, found))
    torch.testing.assert_close(losses, field.losses(windows).mean(dim=1))
    for start in range(0, found.shape[1], 40):  # one direction for each forty weights, so that every parameter has its own
        direction = torch.zeros_like(found)
        direction[:, start : start + 40] = torch.randn(K, min(40, found.shape[1] - start), generator=dice, dtype=torch.float64)
        ahead, behind = (ModelBatch(shape, V, field.theta + step * direction).losses(windows).mean(dim=1) for step in (1e-5, -1e-5))
        torch.testing.assert_close((ahead - behind) / 2e-5, (found * direction).sum(dim=1), rtol=1e-5, atol=1e-8)


@pytest.mark.skipif(available_cores() < 2, reason="one core")
@pytest.mark.parametrize("style", ["gpt", "microgpt"])
@pytest.mark.slow
def test_a_second_thread_changes_no_number(style: Any) -> None:
    """A batch large enough for two threads has the very weights that one thread gives it."""
    corpus, shape = corpus_of("names", 16), Shape(n_embd=16, n_layer=1, n_head=4, context=16, style=style)

    def trained(threads: int) -> torch.Tensor:
        field = ModelBatch.fresh(shape, len(corpus.vocabulary), range(9))
        assert 9 * 8 * 16 >= DIVIDED
        trainer = Trainer(field, corpus, [TrainJob(Recipe(batch=8), 1, 20)] * 9)
        assert trainer.threads.most == 2
        trainer.threads = ThreadChoice(threads)
        for _ in range(20):
            trainer.take_step()
        return field.theta

    assert torch.equal(trained(1), trained(2))


def test_the_faster_number_of_threads_is_kept() -> None:
    """Both are tried, the faster is used until the next trial; what may use one thread uses one."""
    pace, used = ThreadChoice(2), []
    with pytest.MonkeyPatch.context() as patch:
        now = [0.0]
        patch.setattr("rolltrain_tui.arena.training.trainer.perf_counter", lambda: now[0])
        for step in range(2 * ROUND):
            slow = {1: 5, 2: 2} if step < ROUND else {1: 2, 2: 50}
            with pace.around_step():
                used.append(torch.get_num_threads())
                now[0] += slow[used[-1]]
    assert used[:ROUND] == [1] * TRIAL + [2] * (ROUND - TRIAL)
    assert used[ROUND:] == [1] * TRIAL + [2] * TRIAL + [1] * (ROUND - 2 * TRIAL)
    with ThreadChoice(1).around_step():
        assert torch.get_num_threads() == 1
