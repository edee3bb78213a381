"""Which examples of a batch its gradient is made of."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.training.batch_gradient import BatchGradient, drop_worst


@given(st.integers(1, 6), st.integers(0, 8))
def test_the_worst_examples_go_and_at_least_one_stays(count: int, drop: int) -> None:
    losses, batch = torch.randperm(count, generator=torch.Generator().manual_seed(count + drop)).float(), BatchGradient()
    stays = drop_worst(losses, drop, batch)
    assert sorted(losses[stays].tolist()) == [float(i) for i in range(max(1, count - drop))]
    assert (batch.loss, batch.dropped["drop_worst"]) == (losses.mean().item(), min(drop, count - 1))
