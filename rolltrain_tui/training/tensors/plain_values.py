"""Trees of numbers, words, tensors, lists and dicts: copied, and written as JSON beside a list of tensors."""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor


class NotPlainError(ValueError):
    """A tree holds something that no save can hold."""


def copied(value: Any) -> Any:
    """A copy that shares no memory. NotPlainError for anything but plain values; numbers of NumPy become Python's."""
    match value:
        case None | bool() | int() | float() | str() | torch.dtype() | torch.device():
            return value
        case Tensor():
            return value.detach().clone()
        case torch.Generator():
            return _Stream(value.get_state())
        case _Stream():
            return value
        case list():
            return [copied(part) for part in value]
        case deque():
            return deque((copied(part) for part in value), value.maxlen)
        case tuple():
            return tuple(copied(part) for part in value)
        case Mapping():
            return {copied(key): copied(part) for key, part in value.items()}
    if type(value).__module__ == "numpy" and hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        return value.item()
    raise NotPlainError(type(value).__name__)


class _Stream:
    """The state of a torch.Generator."""

    def __init__(self, state: Tensor) -> None:
        self.state = state


def put(owner: Any, name: str, value: Any) -> None:
    """Set owner.name to a copy of the value. Dicts and generators stay the same objects: they are filled instead."""
    now = getattr(owner, name, None)
    if isinstance(now, torch.Generator) and isinstance(value, _Stream):
        now.set_state(value.state)
    elif isinstance(now, dict) and isinstance(value, dict):
        now.clear()
        now.update(copied(value))
    else:
        setattr(owner, name, copied(value))


def dumped(value: Any, tensors: list[Tensor]) -> Any:
    """A plain tree as JSON values; its tensors are appended to `tensors`, and stand as their numbers."""
    match value:
        case float() if not math.isfinite(value):
            return {"number": repr(value)}
        case None | bool() | int() | float() | str():
            return value
        case Tensor():
            # The order of the dimensions in memory is kept, since a product of matrices rounds by it
            order = sorted(range(value.dim()), key=value.stride, reverse=True)
            tensors.append(value.detach().permute(order).cpu().contiguous())
            return {"tensor": len(tensors) - 1, "order": order, "cpu": value.device.type == "cpu"}
        case _Stream():
            return {"stream": dumped(value.state, tensors)}
        case torch.dtype():
            return {"dtype": str(value).removeprefix("torch.")}
        case torch.device():
            return {"device": str(value)}
        case list():
            return [dumped(part, tensors) for part in value]
        case deque():
            return {"deque": [dumped(part, tensors) for part in value], "most": value.maxlen}
        case tuple():
            return {"tuple": [dumped(part, tensors) for part in value]}
        case dict():
            return {"dict": [[dumped(key, tensors), dumped(part, tensors)] for key, part in value.items()]}
    raise NotPlainError(type(value).__name__)


def loaded(value: Any, tensors: Sequence[Tensor], device: torch.device) -> Any:
    """Inverse of dumped; what was not on the CPU is put on `device`.

    KeyError, IndexError, TypeError, ValueError or AttributeError where it is not one.
    """
    match value:
        case list():
            return [loaded(part, tensors, device) for part in value]
        case {"number": str(text)}:
            return float(text)
        case {"tensor": int(number), "order": list(order), "cpu": cpu}:
            place = sorted(range(len(order)), key=order.__getitem__)
            return tensors[number].to("cpu" if cpu else device, copy=True).permute(place)
        case {"stream": state}:
            return _Stream(loaded(state, tensors, device))
        case {"dtype": str(name)}:
            found = getattr(torch, name)
            assert isinstance(found, torch.dtype)
            return found
        case {"device": str(name)}:
            return torch.device(name)
        case {"deque": list(parts), "most": most}:
            return deque((loaded(part, tensors, device) for part in parts), most)
        case {"tuple": list(parts)}:
            return tuple(loaded(part, tensors, device) for part in parts)
        case {"dict": list(pairs)}:
            return {loaded(key, tensors, device): loaded(part, tensors, device) for key, part in pairs}
        case dict():
            raise ValueError("not a plain value")
    return value
