"""Tensors of which each rank holds a part (DTensor, as FSDP2 makes them): the own part, the whole, and a whole dealt out again.

Other tensors are their own part and their own whole. torch.distributed is not imported: a DTensor knows its mesh.
"""

from typing import Any

import torch
from torch import Tensor, nn

_WHOLE = (Tensor, nn.Parameter)
"""What a search for attributes would only slow down."""


class ShardsError(ValueError):
    """The weights are laid out over the ranks in a way that the levers do not know; the message says what to do."""


def is_shard(tensor: Any) -> bool:
    return type(tensor) not in _WHOLE and hasattr(tensor, "to_local")


def own(tensor: Tensor) -> Tensor:
    """This rank's part, which shares its memory; it may be empty. Any other tensor as it is."""
    if not is_shard(tensor):
        return tensor
    part: Tensor = tensor.detach().to_local()  # type: ignore[attr-defined]
    return part


def whole(tensor: Tensor) -> Tensor:
    """The whole tensor. A shard is gathered, so every rank must call this. Any other tensor as it is."""
    if not is_shard(tensor):
        return tensor
    full: Tensor = tensor.detach().full_tensor()  # type: ignore[attr-defined]
    return full


def refuse_flat_shards(model: nn.Module) -> None:
    """ShardsError for a model in the wrapper of FSDP1: its parts are flat pieces without a layout, so no norm can be measured."""
    if any(type(module).__name__ == "FullyShardedDataParallel" for module in model.modules()):
        raise ShardsError(
            "the model is wrapped in FullyShardedDataParallel (FSDP1), whose pieces of the weights the game cannot measure; shard it with "
            "fully_shard (FSDP2): in a Hugging Face Trainer fsdp_config={'version': 2}, in Lightning the ModelParallelStrategy"
        )


def deal_back(model: nn.Module) -> None:
    """Leave each rank its part alone. After a forward pass without a backward one, FSDP2 keeps some of the weights gathered.

    While they are gathered, the model's parameters are not the tensors that the optimiser holds. Otherwise this does nothing.
    """
    for module in model.modules():
        if hasattr(module, "reshard") and hasattr(module, "unshard"):
            module.reshard()  # type: ignore[operator]


@torch.no_grad()
def dealt(full: Tensor, like: Tensor) -> Tensor:
    """A copy of `full` on the device of `like`; where that is a shard, every rank keeps the rows that it holds of `like`."""
    if not is_shard(like):
        return full.to(like.device, copy=True)
    shard = torch.empty_like(like).detach()
    mesh: Any = like.device_mesh  # type: ignore[attr-defined]
    rows = -(-len(full) // mesh.size())  # the first ranks hold a row more, the last ones may hold none
    own(shard).copy_(full[rows * mesh.get_local_rank() :][:rows])
    return shard


def check_layout(parameters: list[Tensor]) -> bool:
    """Whether these are shards. ShardsError where only some are, or where they are cut in another way than by FSDP2."""
    shards = [p for p in parameters if is_shard(p)]
    if not shards:
        return False
    if len(shards) < len(parameters):
        raise ShardsError(
            f"{len(parameters) - len(shards)} of {len(parameters)} weights that learn are not sharded, and the others are: "
            "call fully_shard on the whole model, without ignored_params"
        )
    for p in shards:
        placements: Any = p.placements  # type: ignore[attr-defined]
        if len(placements) != 1 or not placements[0].is_shard(0):
            raise ShardsError(f"a weight is laid out as {tuple(placements)}; the game knows weights cut by rows over one mesh (FSDP2)")
    return True
