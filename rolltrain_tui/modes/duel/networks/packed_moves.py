"""A `MoveNet` rates all moves, over living points alone: forward, and a host's backward, written out. Call without gradients.

Shapes: B boards, P living points of all boards, d coordinates, A moves, w the width.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from rolltrain_tui.modes.duel.networks.living import Living, Packed, living, pooled, unpooled, where_above
from rolltrain_tui.modes.duel.networks.networks import MoveNet
from rolltrain_tui.modes.duel.networks.written_out import add_layer

_threshold = torch.ops.aten.threshold.default
"""(x, t, v) -> x where x > t, else v."""


def packed(points: Tensor, chosen: Tensor | None = None) -> Packed:
    """Boards (B, N, d) with padding -1, prepared for the network. Every board has a point."""
    entries, of = _entries(points)
    return Packed(_by_coordinate(entries), of, None if chosen is None else chosen.to(points.dtype))


def packed_halves(points: Tensor, chosen: Tensor | None = None) -> tuple[Packed, Packed]:
    """The first half of the boards and the last, each as if packed by itself, at hardly more than the cost of one call."""
    entries, of = _entries(points)
    one, other = of.halves()
    first, last = entries.tensor_split((len(one.board),))
    early, late = (None, None) if chosen is None else chosen.to(points.dtype).chunk(2)
    return Packed(_by_coordinate(first), one, early), Packed(_by_coordinate(last), other, late)


def _entries(points: Tensor) -> tuple[Tensor, Living]:
    """(P, d, 6)"""
    x, of = living(points)
    by_place = points.transpose(0, 1).contiguous()  # (N, B, d): its extremes are found ten times as fast
    most, least = by_place.amax(dim=0), _threshold(by_place, -0.5, torch.inf).amin(dim=0)  # (B, d)
    mean = points.clamp(min=0).sum(dim=1) * of.share
    of_board = torch.stack([mean, most, least]).index_select(1, of.board)  # (3, P, d)
    entry = [x, x / of_board[1].clamp(min=1e-30), x.sum(dim=1, keepdim=True).expand_as(x), *of_board]
    return torch.stack(entry, dim=2), of


def _by_coordinate(entries: Tensor) -> Tensor:
    """(d P, 6): an entry, one coordinate of one point, in six numbers; see `MoveNet`."""
    return entries.transpose(0, 1).reshape(-1, 6)


class Part(NamedTuple):
    """Some entries of each point, added up."""

    mask: Tensor
    """(d, P, 1): 1 for those, else 0."""
    sizes: Tensor
    """(P,): how many they are."""
    sum: Tensor
    """(P, w)"""


def part_of(entries: Tensor, coordinates: Tensor, of: Living) -> Part:
    """`entries`: (d, P, w); `coordinates`: (B, d) of 0 and 1."""
    mask = coordinates.t().index_select(1, of.board)[:, :, None]
    return Part(mask, mask.sum(dim=0)[:, 0], (entries * mask).sum(dim=0))


class Tape(NamedTuple):
    """What `forward` found on the way, for `backward`."""

    boards: Packed
    entries: Tensor
    """(d P, w)"""
    whole: Tensor
    """(P, w): each point's entries, added up."""
    moves: Tensor
    """(P, A w): what each point has to say of each move."""
    most: Tensor
    """(B, A w): the most of it on a board."""
    pooled: Tensor
    """(B A, 2 w)"""
    hidden: Tensor
    """(B A, w)"""
    values: Tensor
    """(B, A)"""


def forward(net: MoveNet, boards: Packed) -> Tape:
    """The values, and what they were made of."""
    count, width = len(boards.of.board), net.entry.out_features
    moves, dimension = net.sets.shape
    entries = F.linear(boards.read, net.entry.weight, net.entry.bias).relu_()  # (d P, w)
    whole = entries.view(dimension, count, width).sum(dim=0)  # (P, w)
    each = F.linear(whole, net.all.weight, net.all.bias)  # (P, w)
    if net.picked is None:
        taken = F.linear(entries, net.taken.weight, net.taken.bias).view(dimension, -1)  # (d, P w)
        by_move = (net.sets @ taken).view(moves, count, width)
    else:
        assert boards.chosen is not None, "an agent's move is one of the chosen coordinates"
        moves, legal = dimension, part_of(entries.view(dimension, count, width), boards.chosen, boards.of)
        each.addr_(legal.sizes, net.taken.bias).addmm_(legal.sum, net.taken.weight.t())
        by_move = F.linear(entries, net.picked.weight, net.picked.bias).view(moves, count, width)
    rated = torch.add(by_move.transpose(0, 1), each[:, None], out=each.new_empty(count, moves, width)).relu_().view(count, -1)  # (P, A w)
    mean, most = pooled(rated, boards.of)
    row = torch.cat([mean.view(-1, width), most.view(-1, width)], dim=1)  # (B A, 2 w)
    hidden = F.linear(row, net.move.weight, net.move.bias).relu_()
    values = F.linear(hidden, net.value.weight, net.value.bias).view(-1, moves)
    return Tape(boards, entries, whole, rated, most, row, hidden, values)


def backward(net: MoveNet, tape: Tape, slopes: Tensor) -> None:
    """Add dL/dtheta to `.grad`. `slopes`: dL/dQ, (B, A)."""
    boards, (count, width) = tape.boards, tape.whole.shape
    moves, dimension = net.sets.shape
    # The values of the moves
    at_value = slopes.view(-1, 1)  # (B A, 1)
    add_layer(net.value, at_value, tape.hidden)
    at_hidden = where_above(at_value * net.value.weight, tape.hidden, 0)  # (B A, w)
    add_layer(net.move, at_hidden, tape.pooled)
    at_mean, at_most = (at_hidden.mm(part).view(-1, moves * width) for part in net.move.weight.chunk(2, dim=1))  # (B, A w)
    # Mean and maximum over the points
    at_rated = unpooled(at_mean, at_most, tape.moves, tape.most, boards.of)
    at_moves = where_above(at_rated, tape.moves, 0).view(count, moves, width)
    # The entries, taken in and all of them
    at_each = at_moves.sum(dim=1)  # (P, w)
    at_taken = (net.sets.t() @ at_moves.transpose(0, 1).reshape(moves, -1)).view(-1, width)  # (d P, w)
    add_layer(net.all, at_each, tape.whole)
    add_layer(net.taken, at_taken, tape.entries)
    at_entries = at_taken.mm(net.taken.weight).view(dimension, count, width).add_(at_each.mm(net.all.weight))
    add_layer(net.entry, where_above(at_entries.view(-1, width), tape.entries, 0), boards.read)
