"""Measures of weights and gradients that every diagnosis uses."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

ALIVE = 1e-3
"""A hidden unit whose activation never exceeds this says nothing to the layers above."""
LOWEST, HIGHEST = -9, 0
"""Exponents of ten of the first and last bin of a histogram."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Parameters that are looked at together."""

    name: str
    places: tuple[int, ...]
    """Where they stand among the model's parameters."""
    mlp: int | None
    """Which of the model's MLPs it is, if it is one."""


def lengths(layers: Sequence[Layer], tensors: Sequence[Tensor]) -> list[float]:
    """The Euclidean norm of each layer's part of `tensors`, which are one for each parameter."""
    squares = torch.stack(torch._foreach_norm(list(tensors), dtype=torch.float64)).square().tolist()
    return [math.sqrt(math.fsum(squares[place] for place in layer.places)) for layer in layers]


def whole(parts: Sequence[float]) -> float:
    """The norm of a vector from those of its parts."""
    return math.hypot(*parts)


@torch.no_grad()
def agree_fraction(gradients: Sequence[Tensor], moments: Sequence[Tensor] | None) -> float:
    """Of the coordinates that both have, the part with equal signs; NaN where there is no memory."""
    if moments is None:
        return math.nan
    product = torch.cat([(g * m.to(g.dtype)).flatten() for g, m in zip(gradients, moments, strict=True)])
    agree, differ = int((product > 0).sum()), int((product < 0).sum())
    return agree / (agree + differ) if agree + differ else math.nan


@torch.no_grad()
def noise_scale(first: Sequence[Tensor], second: Sequence[Tensor], half: int) -> float:
    """In sequences, from the mean gradients of `half` sequences each; NaN where the two do not even agree in direction."""
    a, b = (torch.cat([g.flatten().double() for g in gradients]) for gradients in (first, second))
    signal = torch.dot(a, b).item()
    noise = half * (a - b).square().sum().item() / 2
    return noise / signal if signal > 0 else math.nan


@torch.no_grad()
def histograms(layers: Sequence[Layer], gradients: Sequence[Tensor]) -> list[tuple[int, ...]]:
    """Of each layer, how many entries have log10 |g| in [-9, -8) ... [0, 1); what is not finite is in the last bin, zeros in the first."""
    bins = HIGHEST - LOWEST + 1
    counts = []
    for g in gradients:
        exponents = g.detach().abs().flatten().log10_().floor_().sub_(LOWEST).nan_to_num_(bins - 1).clamp_(0, bins - 1)
        counts.append(torch.bincount(exponents.to("cpu", torch.int64), minlength=bins).tolist())
    return [tuple(sum(counts[place][i] for place in layer.places) for i in range(bins)) for layer in layers]


def mean_of(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values and all(map(math.isfinite, values)) else math.nan


def told(value: float) -> float:
    """NaN for what is not finite: it could not be told."""
    return value if math.isfinite(value) else math.nan
