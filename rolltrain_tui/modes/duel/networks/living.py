"""The living points of all boards in one row, and what a board makes of its points: their mean and their maximum, forward and backward.

Of the places for points in a batch two thirds are empty, as the longest board has three times the points of the mean one. Sums are over
fewer terms than with the empty places, so that last bits differ. Shapes: B boards, N points of the longest, P of all, K numbers of a point.
"""

from typing import NamedTuple

import torch
from torch import Tensor

where_above = torch.ops.aten.threshold_backward.default
"""(g, x, t) -> g where x > t, else 0; with t = 0 and x = ReLU(y), dL/dx -> dL/dy."""
_NEARLY_NOTHING = -1e-38
"""Values down to this far below the maximum count as the maximum."""


class Living(NamedTuple):
    """To which boards the living points belong."""

    board: Tensor
    """(P,): the board of each point."""
    share: Tensor
    """(B, 1): 1 / living points of the board, the weight of a point in the mean."""

    def halves(self) -> tuple["Living", "Living"]:
        """The same for the first half of the boards, and for the last."""
        share, shares = self.share.chunk(2)
        cut = int(torch.searchsorted(self.board, len(share)))  # the first point of the last half
        return Living(self.board[:cut], share), Living(self.board[cut:] - len(share), shares)


class Packed(NamedTuple):
    """Boards prepared for a network. It holds no weights, so several networks may read the same."""

    read: Tensor
    """What a network reads of each: of a `SetNet` (P, d + 1), the coordinates and a flag that is 1; of a `MoveNet` (d P, 6)."""
    of: Living
    chosen: Tensor | None
    """(B, d): an agent's legal coordinates, as numbers."""


def living(points: Tensor) -> tuple[Tensor, Living]:
    """The coordinates of the living points, (P, d), and where they stand: from (B, N, d) with padding -1. Every board has a point."""
    alive = points[:, :, 0] >= 0
    board, place = alive.nonzero(as_tuple=True)  # (P,)
    return points[board, place], Living(board, alive.sum(dim=1, keepdim=True).reciprocal())


def pooled(each: Tensor, of: Living) -> tuple[Tensor, Tensor]:
    """Mean and maximum over the points of each board: (P, K), none below 0, -> (B, K) and (B, K)."""
    nothing = each.new_zeros(len(of.share), each.shape[1])
    most = nothing.scatter_reduce(0, of.board[:, None].expand_as(each), each, "amax")
    return nothing.index_add_(0, of.board, each).mul_(of.share), most


def unpooled(at_mean: Tensor, at_most: Tensor, each: Tensor, most: Tensor, of: Living) -> Tensor:
    """dL/d(mean) and dL/d(maximum), (B, K), -> dL/d(each), (P, K). Points that share the maximum share its gradient."""
    below = each - most.index_select(0, of.board)
    top = where_above(torch.ones_like(below), below, _NEARLY_NOTHING)  # 1 where a point has the maximum
    ties = torch.zeros_like(most).index_add_(0, of.board, top)
    return (at_most / ties).index_select(0, of.board).mul_(top).add_((at_mean * of.share).index_select(0, of.board))
