"""Random generators inside a loader's parts: samplers, data sets, the collate function. Their states are saved and put back.

PyTorch's global stream and those of Python and NumPy are not among them (see `training.state.host_chance`).
"""

import json
import random
import sys
from collections.abc import Iterator, Sequence
from types import FunctionType, ModuleType
from typing import Any

import torch
from torch import Tensor, nn

DEEPEST, LONGEST = 6, 100
"""Parts within one another that are looked into, and items of a list."""
Generators = Sequence[Any]
States = list[Any]
"""JSON values, one for each generator."""


def generators_of(loader: Any) -> list[Any]:
    """Each generator that is found among the attributes of `loader` and of its parts, once, always in the same order."""
    found: dict[int, Any] = {}
    for generator in _search(loader, DEEPEST, {}):
        found.setdefault(id(generator), generator)
    return list(found.values())


def states_of(generators: Generators) -> States:
    """Where they stand."""
    return [_state(generator) for generator in generators]


def fit(generators: Generators, states: Any) -> bool:
    """Whether these states are of such generators, in this order."""
    now = states_of(generators)
    try:
        put_back(generators, states)
    except (ValueError, TypeError, LookupError, RuntimeError, AttributeError):
        return False
    finally:
        put_back(generators, now)
    return True


def put_back(generators: Generators, states: Sequence[Any]) -> None:
    """Exact inverse of states_of, for states that fit."""
    for generator, state in zip(generators, states, strict=True):
        if isinstance(generator, torch.Generator):
            generator.set_state(torch.frombuffer(bytearray.fromhex(state), dtype=torch.uint8))
        elif isinstance(generator, random.Random):
            version, words, gauss = state
            generator.setstate((version, tuple(words), gauss))
        elif _is_numpys(generator, "RandomState"):
            generator.set_state(_with_arrays(state))
        else:
            generator.bit_generator.state = _with_arrays(state)


def _state(generator: Any) -> Any:
    if isinstance(generator, torch.Generator):
        return bytes(generator.get_state().tolist()).hex()
    if isinstance(generator, random.Random):
        return json.loads(json.dumps(generator.getstate()))
    state = generator.get_state(legacy=False) if _is_numpys(generator, "RandomState") else generator.bit_generator.state
    return json.loads(json.dumps(state, default=lambda array: {"array": array.tolist(), "dtype": str(array.dtype)}))


def _with_arrays(state: Any) -> Any:
    if not isinstance(state, dict):
        return state
    if state.keys() == {"array", "dtype"}:
        return sys.modules["numpy"].array(state["array"], dtype=state["dtype"])
    return {key: _with_arrays(part) for key, part in state.items()}


def _is_numpys(value: Any, kind: str) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, getattr(numpy.random, kind))


def _search(value: Any, depth: int, seen: dict[int, Any]) -> Iterator[Any]:
    if id(value) in seen or isinstance(value, str | bytes | int | float | Tensor | nn.Module | ModuleType | FunctionType | type):
        return
    seen[id(value)] = value
    if isinstance(value, torch.Generator | random.Random) or _is_numpys(value, "Generator") or _is_numpys(value, "RandomState"):
        yield value
    elif depth and isinstance(value, list | tuple | dict):
        if len(value) <= LONGEST:
            for part in value.values() if isinstance(value, dict) else value:
                yield from _search(part, depth - 1, seen)
    elif depth and hasattr(value, "__dict__"):
        yield from _search(vars(value), depth, seen)
