"""Tensors <-> the bytes of a safetensors file. Only here do saves need torch, which is imported when used.

The library's own writer for torch needs NumPy, and rolltrain does not. The format is a length, a JSON header and the tensors' bytes.
The library reads, because it checks the header of a hostile file.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_CODES = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "bfloat16": "BF16",
    "complex64": "C64",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint64": "U64",
    "uint32": "U32",
    "uint16": "U16",
    "uint8": "U8",
    "bool": "BOOL",
}
_ALIGNMENT = 8


def pack(tensors: Mapping[str, "Tensor"]) -> bytearray:
    """A safetensors file with these tensors, from any device, widest items first so that all are aligned."""
    import torch

    ordered = sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0]))
    header: dict[str, object] = {}
    end = 0
    for name, tensor in ordered:
        start, end = end, end + tensor.numel() * tensor.element_size()
        code = _CODES[str(tensor.dtype).removeprefix("torch.")]
        header[name] = {"dtype": code, "shape": list(tensor.shape), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % _ALIGNMENT)
    head = len(text).to_bytes(8, "little") + text
    packed = bytearray(len(head) + end)
    packed[: len(head)] = head
    place = len(head)
    for _, tensor in ordered:
        if size := tensor.numel() * tensor.element_size():
            target = torch.frombuffer(packed, dtype=torch.uint8, count=size, offset=place)
            target.copy_(tensor.detach().reshape(-1).view(torch.uint8))
            place += size
    return packed


def unpack(data: bytes | bytearray) -> dict[str, "Tensor"]:
    """The tensors of a safetensors file, on the CPU. ValueError when it is not one."""
    import safetensors
    import safetensors.torch

    try:
        return safetensors.torch.load(bytes(data))
    except (safetensors.SafetensorError, AssertionError, KeyError, RuntimeError, TypeError) as error:
        raise ValueError(f"it does not hold tensors: {error}") from None
