"""float64, for sums over many numbers, where a device knows it."""

from torch import Tensor

WITHOUT_FLOAT64 = {"mps"}
"""Kinds of devices that do not."""


def in_float64(tensor: Tensor) -> Tensor:
    """The tensor in float64: on its device, or on the CPU where its device does not know that."""
    return (tensor.cpu() if tensor.device.type in WITHOUT_FLOAT64 else tensor).double()
