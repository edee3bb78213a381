"""Gradients and weights that are sparse, complex or sharded, seen as dense real tensors; of a shard, this rank's part."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from torch.nn.utils import get_total_norm

from rolltrain_tui.training.tensors.below_autograd import below_autograd
from rolltrain_tui.training.tensors.shards import own


def real(tensor: Tensor) -> Tensor:
    """A complex tensor as a view of its real and imaginary parts, (..., 2); of a shard, this rank's part; any other as it is."""
    if type(tensor) is Tensor and not tensor.is_complex():
        return tensor
    tensor = own(tensor)
    return torch.view_as_real(tensor.detach()) if tensor.is_complex() else tensor


def dense(gradient: Tensor) -> Tensor:
    """A gradient as a dense real tensor; a copy where it is sparse."""
    return real(gradient.to_dense() if gradient.is_sparse else gradient)


def parts(gradients: Iterable[Tensor]) -> list[Tensor]:
    """What each gradient stores, as dense real tensors that share its memory. Sparse ones must be coalesced."""
    return [real(gradient._values() if gradient.is_sparse else gradient) for gradient in gradients]


def seen(parameters: Iterable[Tensor]) -> list[Tensor]:
    """`parts` of the parameters' gradients, which stay as they are: of sparse ones these are copies."""
    grads = [grad for p in parameters if (grad := p.grad) is not None]
    if not [grad for grad in grads if type(grad) is not Tensor or grad.is_sparse or grad.is_complex()]:
        return grads  # as nearly always
    return parts(grad.coalesce() if grad.is_sparse else grad for grad in grads)


def gathered(parameters: Iterable[Tensor]) -> list[Tensor]:
    """`parts` of the parameters' gradients; sparse gradients are coalesced first, in their places."""
    own = []
    for p in parameters:
        if p.grad is not None:
            if p.grad.is_sparse and not p.grad.is_coalesced():
                p.grad = p.grad.coalesce()
            own.append(p.grad)
    return parts(own)


def total_norm(tensors: list[Tensor]) -> Tensor:
    """get_total_norm, to the last bit. It does not group tensors of one device and dtype first, which takes as long as the norm itself."""
    if len({(t.dtype, t.device) for t in tensors}) != 1:
        return get_total_norm(tensors, foreach=True)
    with below_autograd():
        norm: Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(tensors)))
    return norm


@torch.no_grad()
def clip(parameters: Sequence[Tensor], threshold: float, norm: Tensor) -> None:
    """Multiply the gradients by min(1, threshold / (norm + 1e-6)): clip_grads_with_norm_, for sparse gradients and shards too."""
    gradients = gathered(parameters)
    factor = torch.clamp(threshold / (norm + 1e-6), max=1.0)
    for device in dict.fromkeys(gradient.device for gradient in gradients):
        torch._foreach_mul_([gradient for gradient in gradients if gradient.device == device], factor.to(device))
