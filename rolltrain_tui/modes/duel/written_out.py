"""Forward and backward passes of a layer list, kernel by kernel what autograd would call: the same bits in half the time.

So small a network costs less than what stands around it, which is left out here. Shapes: B boards, A moves that are rated.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rolltrain_tui.modes.duel.networks import LayerNet


def is_written_out(net: LayerNet) -> bool:
    """Whether these passes serve it: linear layers alone, on a CPU."""
    return net.only_linear and net.linear[0][0].weight.device.type == "cpu"


@torch.no_grad()
def forward(net: nn.Module, points: Tensor, chosen: Tensor | None) -> list[Tensor]:
    """What each linear layer reads, and the values (B, A) last."""
    assert isinstance(net, LayerNet), "a layer list is written out, and no other network"
    read, x = [], net.row(points, chosen)
    for layer, rectified in net.linear:
        read.append(torch.relu(x) if rectified else x)
        x = F.linear(read[-1], layer.weight, layer.bias)
    return [*read, x]


@torch.no_grad()
def backward(net: nn.Module, read: Sequence[Tensor], slopes: Tensor) -> None:
    """Add dL/dtheta to `.grad`. `slopes`: dL/dQ, (B, A); `read`: as `forward` found it."""
    assert isinstance(net, LayerNet), "a layer list is written out, and no other network"
    for place in reversed(range(len(net.linear))):
        (layer, rectified), x = net.linear[place], read[place]
        _add(layer.weight, slopes.t().mm(x))
        _add(layer.bias, slopes.sum(0))
        if place:
            slopes = slopes.mm(layer.weight)
            if rectified:
                slopes = torch.ops.aten.threshold_backward(slopes, x, 0)  # 0 where nothing passed the ReLU


def _add(p: Tensor, gradient: Tensor) -> None:
    if p.grad is None:
        p.grad = gradient
    else:
        p.grad.add_(gradient)
