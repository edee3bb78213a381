"""What an examination calls the layers of a Hugging Face model. What it reads of any model is in `training.probe`."""

import re
from collections.abc import Sequence

from torch import Tensor, nn

from rolltrain_tui.training.tensors.measures import Layer

PROBE = 12
"""Training sequences in the two halves of the gradient."""
MOST_LAYERS = 40
"""A table of more layers is hard to read: then each block is one."""

_WRAPPED = re.compile(r"^base_model\.model\.|\.(?:base_layer|lora_[AB]\.default|modules_to_save\.default|original_module)\b|\.default\b")
"""What peft adds to the names."""
_BLOCK = re.compile(r"\.(\d+)\.")


def layers_of(model: nn.Module, parameters: Sequence[Tensor]) -> list[Layer]:
    """The parameters that learn, by block and part: "block 2 attn", "embeddings", "classifier"."""
    names: dict[Tensor, str] = {p: name for name, p in model.named_parameters()}
    for fine in (True, False):
        places: dict[str, list[int]] = {}
        for place, p in enumerate(parameters):
            places.setdefault(layer_name(names[p], fine=fine), []).append(place)
        if len(places) <= MOST_LAYERS:
            break
    return [Layer(name, tuple(own), None) for name, own in places.items()]


def layer_name(parameter: str, *, fine: bool = True) -> str:
    """The layer of a parameter: transformer.h.0.attn.c_attn.weight is of "block 1 attn"; not `fine`: of "block 1"."""
    parts = _WRAPPED.sub("", parameter)
    if (found := _BLOCK.search(parts)) is None:
        own = parts.split(".")[:-1] or [parts]
        return own[1] if len(own) > 1 else own[0]
    block = f"block {int(found[1]) + 1}"
    return f"{block} {parts[found.end() :].split('.')[0]}" if fine else block
