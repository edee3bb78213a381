"""Python's and NumPy's global generators: data sets and models of other people draw from them."""

import json
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

HostState = dict[str, Any]
"""The state of each generator, by the name of its library. NumPy's is there where NumPy is loaded."""


def _numpy() -> Any:
    return sys.modules.get("numpy")


def host_state() -> HostState:
    numpy = _numpy()
    return {"python": random.getstate()} | ({"numpy": numpy.random.get_state()} if numpy is not None else {})


def set_host_state(state: HostState) -> None:
    """Exact inverse of host_state. A library that is not loaded is passed over."""
    random.setstate(state["python"])
    if "numpy" in state and (numpy := _numpy()) is not None:
        numpy.random.set_state(state["numpy"])


def seeded_host_state(seed: int) -> HostState:
    """The state after seeding each of them."""
    numpy = _numpy()
    own = numpy.random.RandomState(seed % 2**32).get_state() if numpy is not None else None
    return {"python": random.Random(seed).getstate()} | ({"numpy": own} if own is not None else {})


@contextmanager
def host_unchanged() -> Iterator[None]:
    """What is drawn inside leaves no trace."""
    outer = host_state()
    try:
        yield
    finally:
        set_host_state(outer)


def packed(state: HostState) -> Tensor:
    """As JSON bytes, a uint8 vector."""
    version, words, gauss = state["python"]
    plain: dict[str, Any] = {"python": [version, list(words), gauss]}
    if "numpy" in state:
        kind, keys, place, has_gauss, cached = state["numpy"]
        plain["numpy"] = [kind, keys.tolist(), place, has_gauss, cached]
    return torch.tensor(list(json.dumps(plain).encode("ascii")), dtype=torch.uint8)


def unpacked(tensor: Tensor) -> HostState:
    """Inverse of packed. KeyError, TypeError or ValueError where it is not one."""
    plain = json.loads(bytes(tensor.tolist()))
    version, words, gauss = plain["python"]
    state: HostState = {"python": (version, tuple(words), gauss)}
    if "numpy" in plain and (numpy := _numpy()) is not None:
        kind, keys, place, has_gauss, cached = plain["numpy"]
        state["numpy"] = (kind, numpy.array(keys, dtype=numpy.uint32), place, has_gauss, cached)
    return state
