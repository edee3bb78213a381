"""Flat buffers for theta_old and the proposed update, while a step is being measured; and weights that lie in one piece."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from rolltrain_tui.training.tensors.gradients import real
from rolltrain_tui.training.tensors.shards import is_shard


class UpdateBuffers:
    """Two flat buffers for the parameters of one device and dtype, cut into views of their shapes.

    Flat, so that an inner product over all weights is one call; two and not three, because the weights' way through the
    cache is what a measurement costs: once theta is final, its buffer of theta_old is overwritten with the applied update.
    """

    def __init__(self, parameters: list[Tensor]) -> None:
        self.held = parameters
        self._seen_otherwise = any(p.is_complex() or is_shard(p) for p in parameters)
        self.theta = in_one_piece(parameters)
        """All of them as one tensor, where they lie side by side (see `lay_side_by_side`): a pass is then one call, not one for each."""
        self.old, self.olds = self._empty()
        self.proposed, self.proposals = self._empty()

    @property
    def parameters(self) -> list[Tensor]:
        """As real tensors, this rank's part. Views are made anew each time, as an optimiser may replace a parameter's memory."""
        return [real(p) for p in self.held] if self._seen_otherwise else self.held

    def _empty(self) -> tuple[Tensor, list[Tensor]]:
        first = self.parameters[0]
        flat = torch.empty(sum(p.numel() for p in self.parameters), dtype=first.dtype, device=first.device)
        pieces = torch.split(flat, [p.numel() for p in self.parameters])
        return flat, [piece.view(p.shape) for piece, p in zip(pieces, self.parameters, strict=True)]

    def remember(self) -> None:
        if self.theta is not None and self.theta.data_ptr() != self.held[0].data_ptr():
            self.theta = in_one_piece(self.held)
        if self.theta is not None:
            self.old.copy_(self.theta)
        else:
            torch._foreach_copy_(self.olds, self.parameters)

    def propose(self) -> None:
        """proposed = theta - theta_old."""
        if self.theta is not None:
            torch.sub(self.theta, self.old, out=self.proposed)
        else:
            torch._foreach_copy_(self.proposals, self.parameters)
            self.proposed.sub_(self.old)

    def restore(self) -> None:
        """theta = theta_old, to the bit."""
        if self.theta is not None:
            self.theta.copy_(self.old)
        else:
            torch._foreach_copy_(self.parameters, self.olds)

    def interpolate(self, k: float) -> None:
        """theta = theta_old + k (theta - theta_old), beyond either end where k < 0 or k > 1."""
        if k == 0:
            self.restore()  # exact, whatever theta has become
        elif self.theta is not None:
            self.theta.lerp_(self.old, 1 - k)
        else:
            torch._foreach_lerp_(self.parameters, self.olds, 1 - k)

    def multiply(self, factor: Tensor) -> None:
        """theta = theta_old + factor * proposed, coordinate by coordinate; where the factor is 1, theta stays to the bit."""
        self.proposed.mul_(factor)
        for p, old, update, factors in zip(
            self.parameters, self.olds, self.proposals, torch.split(factor, [p.numel() for p in self.parameters]), strict=True
        ):
            p.copy_(torch.where(factors.view(p.shape) == 1, p, old + update))

    def moved_squared(self) -> float:
        """|theta - theta_old|^2."""
        moved = torch._foreach_sub(self.parameters, self.olds)
        return sum(norm.item() ** 2 for norm in torch._foreach_norm([update.float() for update in moved]))

    def products(self) -> Tensor:
        """<proposed, proposed>, <applied, applied>, <applied, proposed>, with applied = theta - theta_old read from the weights."""
        # theta_old - theta: applied, with its sign turned
        if self.theta is not None:
            self.old.sub_(self.theta)
        else:
            torch._foreach_sub_(self.olds, self.parameters)
        back, proposed = self.old.float(), self.proposed.float()  # for bf16 weights; float32 is used as it stands
        return torch.stack((torch.dot(proposed, proposed), torch.dot(back, back), -torch.dot(back, proposed)))


def by_kind(tensors: Iterable[Tensor]) -> list[list[Tensor]]:
    """The tensors of each device and dtype."""
    kinds: dict[tuple[torch.device, torch.dtype], list[Tensor]] = {}
    for tensor in tensors:
        kinds.setdefault((tensor.device, tensor.dtype), []).append(tensor)
    return list(kinds.values())


@torch.no_grad()
def lay_side_by_side(parameters: Sequence[Tensor]) -> None:
    """Move the parameters' data into one tensor for each device and dtype, in order. Values stay; optimisers need not know."""
    for own in by_kind(parameters):
        pieces = torch.split(torch.cat([p.detach().flatten() for p in own]), [p.numel() for p in own])
        for p, piece in zip(own, pieces, strict=True):
            p.data = piece.view(p.shape)


def laid_flat(tensors: Iterable[Tensor]) -> list[Tensor]:
    """Lay them side by side; a flat view of all of one device and dtype, which shares their memory."""
    flat = []
    for own in by_kind(tensors):
        lay_side_by_side(own)
        piece = in_one_piece(own)
        assert piece is not None, "they were just laid side by side"
        flat.append(piece)
    return flat


def in_one_piece(parameters: Sequence[Tensor]) -> Tensor | None:
    """A flat view of parameters that lie side by side in one storage, in order; None where they do not."""
    first = parameters[0]
    if first.is_complex() or is_shard(first):
        return None
    place = first.storage_offset()
    for p in parameters:
        if p.untyped_storage().data_ptr() != first.untyped_storage().data_ptr() or p.storage_offset() != place or not p.is_contiguous():
            return None
        place += p.numel()
    return first.detach().as_strided((place - first.storage_offset(),), (1,), first.storage_offset())
