"""The random streams of a learner: each has a name, a seed of its own and a state that is saved."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor


def random_stream(seed: int, name: str) -> torch.Generator:
    return torch.Generator().manual_seed(stream_seed(seed, name))


def stream_seed(seed: int, name: str) -> int:
    """A seed for each stream, so that no two of them, nor the same one of neighbouring campaign seeds, draw the same numbers."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:7])


def first_dropout_state(seed: int, device: torch.device) -> Tensor:
    return torch.Generator(device).manual_seed(stream_seed(seed, "dropout")).get_state()


def dropout_state(device: torch.device) -> Tensor:
    """The state of the global stream that dropout draws from on this device."""
    state: Tensor = {"cpu": torch, "cuda": torch.cuda, "mps": torch.mps}[device.type].get_rng_state()
    return state


def set_dropout_state(device: torch.device, state: Tensor) -> None:
    {"cpu": torch, "cuda": torch.cuda, "mps": torch.mps}[device.type].set_rng_state(state)


@contextmanager
def deterministic_kernels() -> Iterator[None]:
    """Only kernels whose result is the same each time; without the filling of fresh memory that PyTorch adds for debugging."""
    memory: Any = torch.utils.deterministic
    asked, fills = torch.are_deterministic_algorithms_enabled(), memory.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True)
    memory.fill_uninitialized_memory = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(asked)
        memory.fill_uninitialized_memory = fills
