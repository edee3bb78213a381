"""A batch in two halves, each computed on half of the CPU cores.

PyTorch's threads share every single operation and wait for each other after it, about a thousand times a turn. Two halves of a batch
wait for each other once a turn, so another busy program on the cores delays them less. The sum of the halves differs from the whole
batch by rounding, and is the same every time. More than two parts would gain less: Python dispatches one part's operations at a time.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

import torch
from torch import Tensor

from rolltrain_tui.base.allocator import tune_allocator

T = TypeVar("T")
BatchedGradient = Callable[..., tuple[Tensor, list[Tensor]]]
"""From a batch's tensors and `weight` to the raw loss, a mean over its sequences, and weight x the gradient of the loss to descend, of
each parameter. Two threads call it at once; it leaves `.grad` alone, to which they must not both add."""


class SplitBatch:
    """This thread and one helper, each with half of `threads`. Sets the process's number of torch threads per operation."""

    def __init__(self, parameters: Sequence[Tensor], threads: int) -> None:
        assert threads >= 2, "a half needs a core"
        self.parameters = list(parameters)
        each = threads // 2
        torch.set_num_threads(each)
        self._helper = ThreadPoolExecutor(1, "half", initializer=_begin, initargs=(each,))

    def both(self, work: Callable[..., T], mine: Sequence[Tensor], helpers: Sequence[Tensor]) -> tuple[T, T]:
        """work(*mine) on this thread and work(*helpers) on the other. Both have ended when this returns or raises."""
        task = self._helper.submit(work, *helpers)
        try:
            return work(*mine), task.result()
        finally:
            wait([task])

    def descend(self, gradient: BatchedGradient, batch: Sequence[Tensor], weight: float) -> Tensor:
        """Add weight x the gradient of the mean loss to `.grad`; the raw loss (). The tensors of `batch` are (B >= 2, ...)."""
        B = len(batch[0])
        sizes = [B - B // 2, B // 2]

        def half(*piece: Tensor) -> tuple[Tensor, list[Tensor]]:
            share = len(piece[0]) / B  # the halves of an odd batch differ by one
            raw, found = gradient(*piece, weight=share * weight)
            return raw * share, found

        pieces = zip(*(torch.split(tensor, sizes) for tensor in batch), strict=True)
        (raw_a, found), (raw_b, other) = self.both(half, *pieces)
        torch._foreach_add_(found, other)
        add_to_grad(self.parameters, found)
        return raw_a + raw_b


def _begin(threads: int) -> None:
    """The helper's first deed."""
    tune_allocator()
    torch.set_num_threads(threads)


def add_to_grad(parameters: Sequence[Tensor], gradient: list[Tensor]) -> None:
    """Add a gradient to `.grad` of all parameters. Its tensors are changed."""
    if all(p.grad is not None for p in parameters):  # a later micro-batch
        torch._foreach_add_(gradient, [p.grad for p in parameters if p.grad is not None])
    for p, found in zip(parameters, gradient, strict=True):
        p.grad = found
