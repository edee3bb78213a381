"""Weights of one moment: how far the model has moved from them."""

import pytest
import torch
from torch import nn
from torch.optim import SGD

from rolltrain_tui.training.state.snapshots import Snapshot


def test_a_distance_is_that_of_the_weights_that_were_taken() -> None:
    """Frozen weights are in no snapshot, so they have no part in it, thawed or not."""
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    model[0].requires_grad_(False)
    taken = Snapshot.take(model, SGD(model[1].parameters(), lr=0.1), 0)
    with torch.no_grad():
        for p in model[1].parameters():
            p.add_(0.5)
    for thawed in (False, True):
        model[0].requires_grad_(thawed)
        assert taken.distance(model, lambda squares: squares) == pytest.approx((10 * 0.5**2) ** 0.5)
