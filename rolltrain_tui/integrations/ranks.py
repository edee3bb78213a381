"""Several processes that train one model play one game: all of them get the same commands and the same losses."""

from typing import Any

import torch
import torch.distributed as dist


def several() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def first() -> bool:
    """Whether this process writes the files: rank 0."""
    return not several() or dist.get_rank() == 0


def agree(commands: list[Any]) -> list[Any]:
    """The commands of rank 0, on every rank."""
    if not several():
        return commands
    heard = [commands]
    dist.broadcast_object_list(heard, src=0)
    return heard[0]


def mean(value: float) -> float:
    if not several():
        return value
    device = torch.device("cuda", torch.cuda.current_device()) if dist.get_backend() == "nccl" else torch.device("cpu")
    told = torch.tensor(value, dtype=torch.float64, device=device)
    dist.all_reduce(told)
    return told.item() / dist.get_world_size()
