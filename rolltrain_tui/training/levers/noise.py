"""Levers that add chance: noise on the weights, and targets replaced by random ones."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from rolltrain_tui.training.tensors.gradients import real
from rolltrain_tui.training.tensors.shards import dealt, is_shard, own, whole


@torch.no_grad()
def add_weight_noise(parameters: Sequence[Tensor], scale: float, generator: torch.Generator) -> float:
    """theta += scale x std(theta) x standard normal, per tensor; the scale measured: |noise| / |std(theta)| over all weights.

    A tensor whose weights are all equal (a fresh layer norm) has no spread and gets no noise.
    """
    noise_squared = spread_squared = 0.0
    for shard in parameters:
        if not shard.numel():
            continue  # its spread would be no number, and spoil the sum
        p = real(whole(shard))  # of shards the whole is drawn, so that the noise is the same on any number of ranks
        std = p.std(correction=0)  # over the tensor's own weights, so that noise is as large as they are
        noise = scale * std * torch.randn(p.shape, generator=generator).to(p)  # drawn on the CPU: the same on every device
        real(shard).add_(own(dealt(noise, shard)) if is_shard(shard) else noise)
        noise_squared += noise.square().sum().item()
        spread_squared += p.numel() * std.square().item()
    return math.sqrt(noise_squared / spread_squared) if spread_squared > 0 else 0.0


def swaps(count: int, fraction: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Noise from a batch's own `count` targets: round(fraction x count) random places, and for each the place whose target it gets."""
    places = torch.randperm(count, generator=generator)[: round(fraction * count)]
    return places, torch.randint(max(1, count), (len(places),), generator=generator)


def replace_targets(targets: Tensor, fraction: float, vocab_size: int, generator: torch.Generator) -> tuple[Tensor, int]:
    """A copy of targets with round(fraction x size) of them, at random places, replaced by uniformly random tokens; how many."""
    noisy = targets.flatten().clone()
    count = min(noisy.numel(), round(fraction * noisy.numel()))
    places = torch.randperm(noisy.numel(), generator=generator)[:count]
    noisy[places.to(noisy.device)] = torch.randint(vocab_size, (count,), generator=generator).to(noisy.device)
    return noisy.view(targets.shape), count
