"""Weights of one moment: how far the model has moved from them."""

import pytest
import torch
from torch import nn
from torch.optim import SGD, Optimizer

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


class Counting(Optimizer):
    """Keeps numbers beside its tensors, as some optimisers of other packages do."""


@pytest.mark.parametrize("number", [7, 0.1, 1e-300, True])
def test_a_plain_number_of_an_optimizer_comes_back_as_it_was(number: float) -> None:
    """In a save it is a tensor. It keeps its kind and its last bit."""
    model = nn.Linear(2, 1)
    optimizer = Counting(model.parameters(), {})
    optimizer.state[model.weight]["own"] = number
    packed = Snapshot.take(model, optimizer, 0).pack("")
    optimizer.state[model.weight]["own"] = None
    Snapshot.unpack(packed, "", model, optimizer, 0).put_back(model, optimizer)
    found = optimizer.state[model.weight]["own"]
    assert (type(found), found) == (type(number), number)
