"""Forward and backward passes of a `SetNet` over living points alone, written out. Call without gradients (`torch.no_grad`).

Shapes: B boards, P living points of all boards, d coordinates, A moves, w the width.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from rolltrain_tui.modes.duel.networks.living import Packed, living, pooled, unpooled, where_above
from rolltrain_tui.modes.duel.networks.networks import SetNet
from rolltrain_tui.modes.duel.networks.written_out import add_layer


def packed(points: Tensor, chosen: Tensor | None) -> Packed:
    """Boards (B, N, d) with padding -1, prepared for the network. Every board has a point."""
    x, of = living(points)
    return Packed(F.pad(x, (0, 1), value=1.0), of, None if chosen is None else chosen.to(points.dtype))


def packed_halves(points: Tensor, chosen: Tensor | None) -> tuple[Packed, Packed]:
    """The first half of the boards and the last, each as if packed by itself, at hardly more than the cost of one call."""
    both = packed(points, chosen)
    one, other = both.of.halves()
    first, last = both.read.tensor_split((len(one.board),))
    early, late = (None, None) if both.chosen is None else both.chosen.chunk(2)
    return Packed(first, one, early), Packed(last, other, late)


class Tape(NamedTuple):
    """What `forward` found on the way, for `backward`."""

    boards: Packed
    first: Tensor
    """(P, w)"""
    each: Tensor
    """(P, w)"""
    most: Tensor
    """(B, w)"""
    pooled: Tensor
    """(B, 2 w), and an agent's chosen coordinates."""
    hidden: Tensor
    """(B, w)"""
    values: Tensor
    """(B, A)"""


def forward(net: SetNet, boards: Packed) -> Tape:
    """The values, and what they were made of."""
    first = F.linear(boards.read, net.point1.weight, net.point1.bias).relu_()
    each = F.linear(first, net.point2.weight, net.point2.bias).relu_()
    mean, most = pooled(each, boards.of)
    row = torch.cat([mean, most] if boards.chosen is None else [mean, most, boards.chosen], dim=1)
    hidden = F.linear(row, net.board.weight, net.board.bias).relu_()
    return Tape(boards, first, each, most, row, hidden, F.linear(hidden, net.values.weight, net.values.bias))


def backward(net: SetNet, tape: Tape, slopes: Tensor) -> None:
    """Add dL/dtheta to `.grad`. `slopes`: dL/dQ, (B, A)."""
    width = tape.each.shape[1]
    add_layer(net.values, slopes, tape.hidden)
    at_hidden = where_above(slopes.mm(net.values.weight), tape.hidden, 0)
    add_layer(net.board, at_hidden, tape.pooled)
    at_pooled = at_hidden.mm(net.board.weight)
    at_mean, at_most = at_pooled[:, :width], at_pooled[:, width : 2 * width]
    at_each = where_above(unpooled(at_mean, at_most, tape.each, tape.most, tape.boards.of), tape.each, 0)
    add_layer(net.point2, at_each, tape.first)
    add_layer(net.point1, where_above(at_each.mm(net.point2.weight), tape.first, 0), tape.boards.read)
