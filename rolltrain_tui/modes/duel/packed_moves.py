"""Forward and backward passes of a host's `MoveNet` over living points alone, written out.

Of the places for points in a batch two thirds are empty, as the longest board has three times the points of the mean one. Here the living
points of all boards stand in one row; sums are over fewer terms than in `MoveNet.forward`, so that last bits differ. Call without gradients
(`torch.no_grad`).

Shapes: B boards, P living points of all boards, N of the longest one, d coordinates, A moves, w the width.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rolltrain_tui.modes.duel.networks import MoveNet
from rolltrain_tui.modes.duel.written_out import add, where_above

_NEARLY_NOTHING = -1e-38
"""Below the most by so much is below it."""


class Packed(NamedTuple):
    """Boards as the network reads them. No weight has a part in it: several networks may read the same."""

    read: Tensor
    """(d P, 6): an entry, one coordinate of one point, in six numbers; see `MoveNet`."""
    board: Tensor
    """(P,): of each point."""
    share: Tensor
    """(B, 1): of a point among those of its board."""
    places: Tensor
    """(B N,): points by board; a shorter board repeats its last one, which changes no maximum."""


def packed(points: Tensor) -> Packed:
    """From (B, ., d) with padding -1. Every board has a point."""
    alive = points[:, :, 0] >= 0  # (B, N)
    counts = alive.sum(dim=1, keepdim=True)  # (B, 1)
    board, place = alive.nonzero(as_tuple=True)  # (P,)
    share = 1 / counts
    most = points.amax(dim=1)  # (B, d)
    least = torch.where(alive[:, :, None], points, torch.inf).amin(dim=1)
    mean = points.clamp(min=0).sum(dim=1) * share
    of_board = torch.stack([mean, most, least]).index_select(1, board)  # (3, P, d)
    x = points[board, place]  # (P, d)
    entry = [x, x / of_board[1].clamp(min=1e-30), x.sum(dim=1, keepdim=True).expand_as(x), *of_board]
    read = torch.stack(entry, dim=2).transpose(0, 1).reshape(-1, 6)  # (d P, 6)
    end = counts.cumsum(dim=0)
    places = torch.minimum(end - counts + torch.arange(int(counts.max())), end - 1).flatten()
    return Packed(read, board, share, places)


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
    count, width = len(boards.board), net.entry.out_features
    moves, dimension = net.sets.shape
    entries = F.linear(boards.read, net.entry.weight, net.entry.bias).relu_()  # (d P, w)
    whole = entries.view(dimension, count, width).sum(dim=0)  # (P, w)
    each = F.linear(whole, net.all.weight, net.all.bias)  # (P, w)
    taken = F.linear(entries, net.taken.weight, net.taken.bias).view(dimension, -1)  # (d, P w)
    rated = torch.add((net.sets @ taken).view(moves, count, width).transpose(0, 1), each[:, None], out=each.new_empty(count, moves, width))
    rated = rated.relu_().view(count, -1)  # (P, A w)
    mean = rated.new_zeros(len(boards.share), moves * width).index_add_(0, boards.board, rated).mul_(boards.share)
    most = rated.index_select(0, boards.places).view(len(boards.share), -1, moves * width).amax(dim=1)
    pooled = torch.cat([mean.view(-1, width), most.view(-1, width)], dim=1)  # (B A, 2 w)
    hidden = F.linear(pooled, net.move.weight, net.move.bias).relu_()
    values = F.linear(hidden, net.value.weight, net.value.bias).view(-1, moves)
    return Tape(boards, entries, whole, rated, most, pooled, hidden, values)


def backward(net: MoveNet, tape: Tape, slopes: Tensor) -> None:
    """Add dL/dtheta to `.grad`. `slopes`: dL/dQ, (B, A)."""
    boards, (count, width) = tape.boards, tape.whole.shape
    moves, dimension = net.sets.shape
    # The values of the moves
    at_value = slopes.view(-1, 1)  # (B A, 1)
    _add(net.value, at_value, tape.hidden)
    at_hidden = where_above(at_value * net.value.weight, tape.hidden, 0)  # (B A, w)
    _add(net.move, at_hidden, tape.pooled)
    at_mean, at_most = at_hidden.mm(net.move.weight).split(width, dim=1)  # (B A, w)
    # Mean and maximum over the points
    below = tape.moves - tape.most.index_select(0, boards.board)
    top = where_above(torch.ones_like(below), below, _NEARLY_NOTHING)  # (P, A w): 1 where a point has the most; several share its slope
    ties = torch.zeros_like(tape.most).index_add_(0, boards.board, top)
    at_most = (at_most.reshape(-1, moves * width) / ties).index_select(0, boards.board).mul_(top)
    at_mean = (at_mean.reshape(-1, moves * width) * boards.share).index_select(0, boards.board)
    at_moves = where_above(at_most.add_(at_mean), tape.moves, 0).view(count, moves, width)
    # The entries, taken in and all of them
    at_each = at_moves.sum(dim=1)  # (P, w)
    at_taken = (net.sets.t() @ at_moves.transpose(0, 1).reshape(moves, -1)).view(-1, width)  # (d P, w)
    _add(net.all, at_each, tape.whole)
    _add(net.taken, at_taken, tape.entries)
    at_entries = at_taken.mm(net.taken.weight).view(dimension, count, width).add_(at_each.mm(net.all.weight))
    _add(net.entry, where_above(at_entries.view(-1, width), tape.entries, 0), boards.read)


def _add(layer: nn.Linear, slopes: Tensor, read: Tensor) -> None:
    """The gradient of a linear layer."""
    add(layer.weight, slopes.t().mm(read))
    add(layer.bias, slopes.sum(dim=0))
