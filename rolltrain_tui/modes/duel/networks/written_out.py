"""Forward and backward passes of a layer list, kernel by kernel what autograd would call: the same bits in half the time.

For so small a network autograd's own work costs more than the kernels. Call these functions without gradients (`torch.no_grad`).
Shapes: B boards, A moves that are rated.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rolltrain_tui.modes.duel.networks.living import where_above
from rolltrain_tui.modes.duel.networks.networks import LayerNet


class Tape(NamedTuple):
    """What `forward` found on the way, for `backward`."""

    read: list[Tensor]
    """The input of each linear layer."""
    values: Tensor
    """(B, A)"""


def forward(net: LayerNet, x: Tensor) -> Tape:
    """The values of boards as rows, `LayerNet.row`."""
    read = []
    if net.relu_first:
        x = torch.relu(x)
    for weight, bias, rectified in net.theta:
        read.append(x)
        x = F.linear(x, weight, bias)
        if rectified:
            x.relu_()
    return Tape(read, x)


def backward(net: LayerNet, tape: Tape, slopes: Tensor) -> None:
    """Add dL/dtheta to `.grad`. `slopes`: dL/dQ, (B, A)."""
    theta = net.theta
    for place in reversed(range(len(theta))):
        (weight, bias, rectified), x = theta[place], tape.read[place]
        if rectified:
            slopes = where_above(slopes, tape.read[place + 1], 0)
        add(weight, slopes.t().mm(x))
        add(bias, slopes.sum(0))
        if place:
            slopes = slopes.mm(weight)


def add_layer(layer: nn.Linear, slopes: Tensor, read: Tensor) -> None:
    """The gradient of a linear layer: of what it gave, and what it read."""
    add(layer.weight, slopes.t().mm(read))
    add(layer.bias, slopes.sum(dim=0))


def add(p: Tensor, gradient: Tensor) -> None:
    """Add a gradient to `.grad`."""
    if p.grad is None:
        p.grad = gradient
    else:
        p.grad.add_(gradient)
