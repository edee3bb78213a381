"""A `MoveNet` rates one move of each board, over living points alone: forward and backward, written out.

Of the boards that are replayed only the move that was made learns, and by double Q-learning the target network rates one more. So the other
moves need no pass. Call without gradients (`torch.no_grad`). Shapes: B boards, P living points of all boards, d coordinates, w the width.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rolltrain_tui.modes.duel.networks.living import Packed, pooled, unpooled, where_above
from rolltrain_tui.modes.duel.networks.networks import MoveNet
from rolltrain_tui.modes.duel.networks.packed_moves import Part, part_of
from rolltrain_tui.modes.duel.networks.written_out import add, add_layer


class Tape(NamedTuple):
    """What `forward` found on the way, for `backward`."""

    boards: Packed
    entries: Tensor
    """(d, P, w)"""
    whole: Tensor
    """(P, w): each point's entries, added up."""
    parts: list[tuple[nn.Linear, Part]]
    """What else the move adds up: the entries that the host takes in; and the one that the agent picks."""
    rated: Tensor
    """(P, w): what each point has to say of the move."""
    most: Tensor
    """(B, w)"""
    pooled: Tensor
    """(B, 2 w)"""
    hidden: Tensor
    """(B, w)"""
    values: Tensor
    """(B,)"""


def forward(net: MoveNet, boards: Packed, moves: Tensor) -> Tape:
    """The value of one move of each board: a host's code or an agent's coordinate, (B,)."""
    entries = F.linear(boards.read, net.entry.weight, net.entry.bias).relu_().view(net.sets.shape[1], len(boards.of.board), -1)
    whole = entries.sum(dim=0)
    rated = F.linear(whole, net.all.weight, net.all.bias)
    if net.picked is None:
        parts = [(net.taken, part_of(entries, net.sets.index_select(0, moves), boards.of))]
    else:
        assert boards.chosen is not None, "an agent's move is one of the chosen coordinates"
        picked = torch.eye(len(entries)).index_select(0, moves)
        parts = [(net.taken, part_of(entries, boards.chosen, boards.of)), (net.picked, part_of(entries, picked, boards.of))]
    for layer, part in parts:
        rated.addr_(part.sizes, layer.bias).addmm_(part.sum, layer.weight.t())
    mean, most = pooled(rated.relu_(), boards.of)
    row = torch.cat([mean, most], dim=1)
    hidden = F.linear(row, net.move.weight, net.move.bias).relu_()
    values = F.linear(hidden, net.value.weight, net.value.bias)[:, 0]
    return Tape(boards, entries, whole, parts, rated, most, row, hidden, values)


def backward(net: MoveNet, tape: Tape, slopes: Tensor) -> None:
    """Add dL/dtheta to `.grad`. `slopes`: dL/dQ of the moves, (B,)."""
    at_value = slopes[:, None]
    add_layer(net.value, at_value, tape.hidden)
    at_hidden = where_above(at_value * net.value.weight, tape.hidden, 0)  # (B, w)
    add_layer(net.move, at_hidden, tape.pooled)
    at_mean, at_most = at_hidden.mm(net.move.weight).chunk(2, dim=1)  # (B, w)
    at_rated = where_above(unpooled(at_mean, at_most, tape.rated, tape.most, tape.boards.of), tape.rated, 0)  # (P, w)
    add_layer(net.all, at_rated, tape.whole)
    at_entries = at_rated.mm(net.all.weight).expand_as(tape.entries)  # (d, P, w)
    for layer, part in tape.parts:
        add(layer.weight, at_rated.t().mm(part.sum))
        add(layer.bias, at_rated.t().mv(part.sizes))
        at_entries = torch.addcmul(at_entries, part.mask, at_rated.mm(layer.weight))
    at_entries = where_above(at_entries, tape.entries, 0).view(len(tape.boards.read), -1)
    # Five times as fast as the product transposed; then contiguous, as the optimiser's kernel expects of a gradient.
    add(net.entry.weight, tape.boards.read.t().mm(at_entries).t().contiguous())
    add(net.entry.bias, at_entries.sum(dim=0))
