"""Copies of what other people's programs made, for a twin."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

DEEPEST = 4
"""Lists and dicts within one another that are looked through."""


@contextmanager
def copying(model: nn.Module) -> Iterator[dict[int, Any]]:
    """Gives the memo for `copy.deepcopy` of the model and of what belongs to it. RuntimeError, in words, for what cannot be copied.

    Many models keep outputs of their last forward pass, which PyTorch does not copy while a gradient leads through them. Of these the
    copy gets the values alone. Nor does it copy some sparse layouts.
    """
    memo: dict[int, Any] = {}
    for module in model.modules():
        for tensor in _uncopied(vars(module), DEEPEST):
            memo[id(tensor)] = tensor.detach().clone()
    try:
        yield memo
    except (RuntimeError, MemoryError):
        raise
    except Exception as error:
        raise RuntimeError(f"a part of this model cannot be copied: {type(error).__name__}: {error}") from error


def _uncopied(value: Any, depth: int) -> Iterator[Tensor]:
    """Tensors that `copy.deepcopy` refuses: those through which a gradient leads, and those in rows or columns of sparse pairs."""
    if isinstance(value, Tensor):
        if value.grad_fn is not None or value.layout not in (torch.strided, torch.sparse_coo):
            yield value
    elif depth and isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _uncopied(part, depth - 1)
