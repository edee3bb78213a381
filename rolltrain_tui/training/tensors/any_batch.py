"""Batches of any form, tensors in tuples, lists and mappings: how many examples one has, some of them alone, and all on a device."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor


def examples_in(batch: Any) -> int | None:
    """The number of examples in a batch: the first dimension that all its tensors and lists share; None where they differ."""
    sizes = set(_sizes(batch))
    return sizes.pop() if len(sizes) == 1 else None


def _sizes(batch: Any) -> Iterator[int]:
    if isinstance(batch, Tensor):
        yield batch.shape[0] if batch.dim() else -1
    elif hasattr(batch, "items"):
        for value in batch.values():
            yield from _sizes(value)
    elif isinstance(batch, tuple | list):
        if all(isinstance(value, str | int | float | bool) for value in batch):
            yield len(batch)
        else:
            for value in batch:
                yield from _sizes(value)


def pick(batch: Any, examples: Tensor) -> Any:
    """The batch with only some of its examples; `examples` are their indices, (n,)."""
    if isinstance(batch, Tensor):
        return batch[examples.to(batch.device)]
    if hasattr(batch, "items"):
        return {name: pick(value, examples) for name, value in batch.items()}
    if isinstance(batch, tuple | list):
        if all(isinstance(value, str | int | float | bool) for value in batch):
            return [batch[i] for i in examples.tolist()]
        return _rebuilt(batch, [pick(value, examples) for value in batch])
    return batch


def to_device(batch: Any, device: torch.device) -> Any:
    """The batch with its tensors on `device`. Mappings become dicts, arrays become tensors."""
    if hasattr(batch, "__array_interface__"):
        batch = torch.as_tensor(batch)
    if isinstance(batch, Tensor):
        return batch.to(device, non_blocking=True)
    if hasattr(batch, "items"):
        return {name: to_device(value, device) for name, value in batch.items()}
    if isinstance(batch, tuple | list):
        return _rebuilt(batch, [to_device(value, device) for value in batch])
    return batch


def _rebuilt(batch: Any, parts: list[Any]) -> Any:
    """A list or tuple of other parts; a named tuple keeps its names."""
    return type(batch)(*parts) if hasattr(batch, "_fields") else type(batch)(parts) if type(batch) in (tuple, list) else parts
