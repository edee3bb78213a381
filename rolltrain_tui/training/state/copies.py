"""Copies of other people's models and what belongs to them, for a twin."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from rolltrain_tui.base.memory import ran_out
from rolltrain_tui.protocol.learner import NoCopyError

DEEPEST = 4
"""Levels of nested lists and dicts that are searched for tensors."""


@contextmanager
def copying(model: nn.Module) -> Iterator[dict[int, Any]]:
    """Gives the memo for `copy.deepcopy` of the model and of what belongs to it. NoCopyError for what cannot be copied.

    PyTorch does not copy a tensor that has a `grad_fn`, such as a kept output of the last forward pass, nor some sparse layouts. The copy
    gets such a tensor detached.
    """
    memo: dict[int, Any] = {}
    for module in model.modules():
        for tensor in _uncopied(vars(module), DEEPEST):
            memo[id(tensor)] = tensor.detach().clone()
    try:
        yield memo
    except Exception as error:
        if ran_out(error):
            raise
        raise NoCopyError(f"a part of this model cannot be copied: {type(error).__name__}: {error}") from error


def _uncopied(value: Any, depth: int) -> Iterator[Tensor]:
    """Tensors that `copy.deepcopy` refuses: those with a `grad_fn`, and those of a layout other than strided and COO."""
    if isinstance(value, Tensor):
        if value.grad_fn is not None or value.layout not in (torch.strided, torch.sparse_coo):
            yield value
    elif depth and isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _uncopied(part, depth - 1)
