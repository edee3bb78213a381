"""What an optimiser keeps is written as JSON and tensors, and comes back."""

import json
import math
from collections import deque
from typing import Any

import pytest
import torch
from torch import Tensor

from rolltrain_tui.training.tensors.plain_values import NotPlainError, copied, dumped, loaded

CPU = torch.device("cpu")
NUMBERS = (None, True, 3, 0.1, math.inf, -math.inf, "words", [1, 2.5], (1, (2,)), {"a": {3: 4}, 5: []}, torch.float16, CPU)


def through_a_file(value: Any) -> Any:
    """Written as strict JSON, which has no word for infinity, beside its tensors, and read again."""
    tensors: list[Tensor] = []
    text = json.dumps(dumped(copied(value), tensors), allow_nan=False)
    return loaded(json.loads(text), tensors, CPU)


@pytest.mark.parametrize("value", NUMBERS, ids=repr)
def test_each_kind_of_value_comes_back(value: Any) -> None:
    """The same value of the same type."""
    found = through_a_file(value)
    assert (type(value), value) == (type(found), found)


def test_what_no_equals_sign_compares() -> None:
    """A NaN is one again, a deque keeps its length, a tensor the order of its dimensions in memory, a stream of chance its place."""
    assert math.isnan(through_a_file(math.nan))
    line = through_a_file(deque([1, 2], 5))
    assert ([1, 2], 5) == (list(line), line.maxlen)
    turned = torch.arange(24.0).reshape(2, 3, 4).permute(2, 0, 1)
    found = through_a_file({"turned": turned})["turned"]
    assert torch.equal(turned, found)
    assert turned.stride() == found.stride()
    chance = torch.Generator().manual_seed(5)
    again = torch.Generator().set_state(through_a_file(chance).state)
    assert torch.equal(torch.rand(3, generator=chance), torch.rand(3, generator=again))


def test_what_no_save_can_hold_is_named() -> None:
    """An object of the user's own."""
    with pytest.raises(NotPlainError, match="object"):
        copied({"kept": [object()]})
    with pytest.raises(NotPlainError, match="object"):
        dumped(object(), [])
