"""Forward and backward passes of a layer list, kernel by kernel what autograd would call: the same bits in half the time.

So small a network costs less than what stands around it, which is left out here. Call them without gradients (`torch.no_grad`).
Shapes: B boards, A moves that are rated.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rolltrain_tui.modes.duel.networks import LayerNet

_ReLU = torch.ops.aten.threshold_backward.default
"""(dL/dy, y = ReLU(x), 0) -> dL/dx."""


def is_written_out(net: LayerNet) -> bool:
    """Whether these passes serve it: linear layers alone, on a CPU."""
    return net.only_linear and net.theta[0][0].device.type == "cpu"


def forward(net: nn.Module, points: Tensor, chosen: Tensor | None) -> list[Tensor]:
    """What each linear layer reads, and the values (B, A) last."""
    assert isinstance(net, LayerNet), "a layer list is written out, and no other network"
    read, x = [], net.row(points, chosen)
    for weight, bias, rectified in net.theta:
        if rectified:
            x = torch.relu(x)
        read.append(x)
        x = F.linear(x, weight, bias)
    read.append(x)
    return read


def backward(net: nn.Module, read: Sequence[Tensor], slopes: Tensor) -> None:
    """Add dL/dtheta to `.grad`. `slopes`: dL/dQ, (B, A); `read`: as `forward` found it."""
    assert isinstance(net, LayerNet), "a layer list is written out, and no other network"
    for place in reversed(range(len(net.theta))):
        (weight, bias, rectified), x = net.theta[place], read[place]
        _add(weight, slopes.t().mm(x))
        _add(bias, slopes.sum(0))
        if place:
            slopes = slopes.mm(weight)
            if rectified:
                slopes = _ReLU(slopes, x, 0)


def _add(p: Tensor, gradient: Tensor) -> None:
    if p.grad is None:
        p.grad = gradient
    else:
        p.grad.add_(gradient)
