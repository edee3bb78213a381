"""Measures of weights and gradients, layer by layer, for examinations."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rolltrain_tui.base.statistics import total
from rolltrain_tui.training.tensors.gradients import real
from rolltrain_tui.training.tensors.precise import WITHOUT_FLOAT64, in_float64

ALIVE = 1e-3
"""A hidden unit whose activation never exceeds this adds nothing to the layers above. Not 0, because GELU nears 0 without reaching it."""
LOWEST, HIGHEST = -9, 0
"""Exponents of ten of the first and last bin of a histogram."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A group of parameters that an examination treats as one."""

    name: str
    places: tuple[int, ...]
    """Their positions among the model's parameters."""
    mlp: int | None
    """The number of the MLP that it is; None: it is not an MLP."""


def lengths(layers: Sequence[Layer], tensors: Sequence[Tensor], over_shards: Callable[[Tensor], Tensor] = lambda sums: sums) -> list[float]:
    """The Euclidean norm of each layer's part of `tensors`, which are one for each parameter.

    `over_shards`: where they hold this rank's part of the weights, what makes its sums those over all of them.
    """
    # Squares in float64: they add up over millions of coordinates
    parts = [real(tensor) for tensor in tensors]
    kind = None if parts[0].device.type in WITHOUT_FLOAT64 else torch.float64
    norms = in_float64(torch.stack(torch._foreach_norm(parts, dtype=kind)))
    squares = over_shards(norms.square()).tolist()
    return [math.sqrt(total(squares[place] for place in layer.places)) for layer in layers]


def whole(parts: Sequence[float]) -> float:
    """The norm of a vector from the norms of its parts."""
    return math.hypot(*parts)


@torch.no_grad()
def agree_fraction(gradients: Sequence[Tensor], moments: Sequence[Tensor] | None) -> float:
    """The fraction of nonzero coordinates in which gradients and first moments have the same sign; NaN without first moments."""
    if moments is None:
        return math.nan
    product = torch.cat([(g * m.to(g.dtype)).flatten() for g, m in zip(gradients, moments, strict=True)])
    agree, differ = int((product > 0).sum()), int((product < 0).sum())
    return agree / (agree + differ) if agree + differ else math.nan


@torch.no_grad()
def noise_scale(first: Sequence[Tensor], second: Sequence[Tensor], half: int) -> float:
    """tr(Sigma) / |G|^2 in examples, from the mean gradients of `half` examples each.

    NaN where their inner product is not positive: then the estimate of |G|^2 is not, either.
    """
    a, b = (torch.cat([in_float64(g.flatten()) for g in gradients]) for gradients in (first, second))
    signal = torch.dot(a, b).item()
    # E |g_a - g_b|^2 = 2 tr(Sigma) / half
    noise = half * (a - b).square().sum().item() / 2
    return noise / signal if signal > 0 else math.nan


@torch.no_grad()
def histograms(layers: Sequence[Layer], gradients: Sequence[Tensor]) -> list[tuple[int, ...]]:
    """For each layer, the number of entries with log10 |g| in [-9, -8), ..., [0, 1).

    Zeros count in the first bin, NaN and inf in the last.
    """
    bins = HIGHEST - LOWEST + 1
    counts = []
    for g in gradients:
        exponents = g.detach().abs().flatten().log10_().floor_().sub_(LOWEST).nan_to_num_(bins - 1).clamp_(0, bins - 1)
        counts.append(torch.bincount(exponents.to("cpu", torch.int64), minlength=bins).tolist())
    return [tuple(sum(counts[place][i] for place in layer.places) for i in range(bins)) for layer in layers]


def mean_of(values: Sequence[float]) -> float:
    """NaN where there is no value, or one that is not finite."""
    return total(values) / len(values) if values and all(map(math.isfinite, values)) else math.nan


def told(value: float) -> float:
    """The value where it is finite, else NaN, which stands for unknown."""
    return value if math.isfinite(value) else math.nan
