"""Tensors <-> the bytes of a safetensors file. Only here do saves need torch, which is imported when used.

The library's own writer for torch needs NumPy, and rolltrain does not. The format is a length, a JSON header and the tensors' bytes.
The library reads, because it checks the header of a hostile file.

The format knows neither sparse tensors nor every dtype. Those are written as parts that it knows, and the header's `__metadata__` says how
to put them together.
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
_PARTS = "rolltrain.parts"
"""Key of the metadata: JSON, {name: ["sparse_coo", [n, m]]} or {name: ["complex128"]}. The parts are NAME:indices and NAME:values, or
NAME:bytes."""


def pack(tensors: Mapping[str, "Tensor"]) -> bytearray:
    """A safetensors file with these tensors, from any device, widest items first so that all are aligned."""
    import torch

    parts: dict[str, list[object]] = {}
    flat = {name: part for whole, tensor in tensors.items() for name, part in _taken_apart(whole, tensor, parts).items()}
    ordered = sorted(flat.items(), key=lambda item: (-item[1].element_size(), item[0]))
    header: dict[str, object] = {"__metadata__": {_PARTS: json.dumps(parts)}} if parts else {}
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
        tensors = safetensors.torch.load(bytes(data))
        _put_together(tensors, data)
        return tensors
    except (safetensors.SafetensorError, AssertionError, LookupError, RuntimeError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"it does not hold tensors: {error}") from None


def _taken_apart(name: str, tensor: "Tensor", parts: dict[str, list[object]]) -> dict[str, "Tensor"]:
    """The tensors that are written for one; what puts them together is added to `parts`."""
    import torch

    dtype, layout = (str(kind).removeprefix("torch.") for kind in (tensor.dtype, tensor.layout))
    if tensor.layout != torch.strided:
        parts[name] = [layout, list(tensor.shape)]
        pairs = (tensor.detach() if layout == "sparse_coo" else tensor.detach().to_sparse(layout=torch.sparse_coo)).coalesce()
        return _taken_apart(f"{name}:values", pairs.values(), parts) | {f"{name}:indices": pairs.indices()}
    if dtype in _CODES:
        return {name: tensor}
    parts[name] = [dtype]
    return {f"{name}:bytes": tensor.detach().cpu().contiguous().unsqueeze(-1).view(torch.uint8)}


def _put_together(tensors: dict[str, "Tensor"], data: bytes | bytearray) -> None:
    """Inverse of `_taken_apart`, in the same dict."""
    import torch

    head = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    parts = json.loads(head.get("__metadata__", {}).get(_PARTS, "{}"))
    for name, (kind, *shape) in sorted(parts.items(), key=lambda part: len(part[1])):  # values of sparse tensors come first
        if not shape:
            tensors[name] = tensors.pop(f"{name}:bytes").view(getattr(torch, kind)).squeeze(-1)
            continue
        indices, values = tensors.pop(f"{name}:indices"), tensors.pop(f"{name}:values")
        pairs = torch.sparse_coo_tensor(indices, values, shape[0], check_invariants=True).coalesce()
        tensors[name] = pairs if kind == "sparse_coo" else pairs.to_sparse(layout=getattr(torch, kind))
