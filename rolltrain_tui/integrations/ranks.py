"""Several processes that train one model play one game: the same commands and the same losses reach every one of them."""

from typing import Any

import torch
import torch.distributed as dist


def several() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def first() -> bool:
    """The one that writes."""
    return not several() or dist.get_rank() == 0


def agree(commands: list[Any]) -> list[Any]:
    """What the first process heard."""
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
