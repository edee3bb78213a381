"""From what a mode read on a few fixed batches to an examination: signals of the whole model, and readings of each layer.

With theta the weights, theta_bar their running average, g_a and g_b the gradients of two halves (h examples each) of some training
data, and B the examples of a turn:

    update_ratio    mean over the last measured turns of |update| / |theta|                     (kept by `layer_history`)
    weight_growth   (|theta| / |theta 100 turns ago| - 1) x 100 %
    temperature     how much worse val(theta) is than val(theta / 2 + theta_bar / 2), paired by example
    gap             how much worse the objective is on validation data than on training data
    dead_units      part of the hidden units whose activation stays below ALIVE on all of the training data that was read
    agree_fraction  part of the coordinates in which (g_a + g_b) / 2 has the sign of the optimiser's first moment
    noise_scale     tr(Sigma) / |G|^2 / B, with |G|^2 ~ <g_a, g_b> and tr(Sigma) ~ h |g_a - g_b|^2 / 2
                    (McCandlish et al., An Empirical Model of Large-Batch Training, 2018)

A signal that cannot be measured is NaN. The model is left as it was, and no random number is drawn.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from rolltrain_tui.protocol.learner import Examination
from rolltrain_tui.protocol.readings import LayerReading
from rolltrain_tui.training.state.layer_history import LayerHistory
from rolltrain_tui.training.state.state_memory import TrainingMemory
from rolltrain_tui.training.tensors.measures import Layer, agree_fraction, histograms, lengths, mean_of, noise_scale, told, whole
from rolltrain_tui.training.tensors.precise import in_float64
from rolltrain_tui.training.tensors.shards import own


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingProbe:
    """The model on some training data, without dropout."""

    loss: float
    first: list[Tensor]
    """g_a: one tensor for each parameter that learns."""
    second: list[Tensor] | None
    """g_b; None where the data had no two halves."""
    half: int | None
    """h; None where the halves are not equally large, and the noise scale cannot be estimated."""
    dead: Sequence[Tensor]
    """Which hidden units are dead: one bool vector for each place where there are some."""


def examine(
    memory: TrainingMemory,
    probe: TrainingProbe,
    *,
    value: float,
    temperature: float,
    batch: int,
    gflop: float,
    train_value: float | None = None,
    own: Mapping[str, float] = MappingProxyType({}),
) -> Examination:
    """All signals and all layers. `value`: of the last evaluation. `batch`: B. `own`: signals of the mode's own.

    `train_value`: the objective on training data. None: an objective of loss takes the probe's, any other leaves the gap unknown.
    """
    objective = memory.objective
    there = train_value if train_value is not None else probe.loss if objective.of_loss else math.nan
    found, readings = measure(
        probe,
        memory.layers,
        memory.levers.parameters,
        memory.first_moments(),
        memory.history,
        gap=objective.worse(value, than=there),
        batch=batch,
        over_shards=memory.levers.over_shards,
    )
    return Examination(values={**found, "temperature": told(temperature), **own}, layers=readings, gflop=gflop)


def measure(
    probe: TrainingProbe,
    layers: Sequence[Layer],
    parameters: Sequence[Tensor],
    first_moments: Sequence[Tensor] | None,
    history: LayerHistory | None,
    *,
    gap: float,
    batch: int,
    over_shards: Callable[[Tensor], Tensor] = lambda sums: sums,
) -> tuple[dict[str, float], tuple[LayerReading, ...]]:
    """All signals but temperature, and all layers. `first_moments`: None before there are any."""
    mean = probe.first if probe.second is None else list(torch._foreach_mul(torch._foreach_add(probe.first, probe.second), 0.5))
    with torch.no_grad():
        weights, slopes = lengths(layers, parameters, over_shards), lengths(layers, mean)
    # The signals of the whole model
    norm = whole(weights)
    moves = history.moves if history is not None else ()
    noise = noise_scale(probe.first, probe.second, probe.half) / batch if probe.second is not None and probe.half else math.nan
    values = {
        "update_ratio": mean_of([whole(move) for move in moves]) / norm if norm > 0 else math.nan,
        "weight_growth": history.growth(norm) if history is not None else math.nan,
        "gap": gap,
        "dead_units": mean_of([float(unit) for units in probe.dead for unit in units.tolist()]),
        "agree_fraction": agree_fraction(mean, first_moments),
        "noise_scale": noise,
    }
    # The same of each layer
    bins = histograms(layers, mean)
    readings = tuple(
        LayerReading(
            name=layer.name,
            weights=sum(parameters[place].numel() for place in layer.places),
            weight_norm=told(weights[i]),
            gradient_norm=told(slopes[i]),
            update_ratio=told(mean_of([move[i] for move in moves]) / weights[i]) if weights[i] > 0 else math.nan,
            histogram=bins[i],
            dead=in_float64(probe.dead[layer.mlp]).mean().item() if layer.mlp is not None else math.nan,
        )
        for i, layer in enumerate(layers)
    )
    return {name: told(found) for name, found in values.items()}, readings


def has_temperature(memory: TrainingMemory) -> bool:
    """True from the turn on at which the average tells of the run rather than of where it began."""
    return memory.average is not None and memory.history is not None and memory.history.settled


@torch.no_grad()
def temperature(memory: TrainingMemory, here: Sequence[float], values: Callable[[], Sequence[float]]) -> float:
    """How much worse theta is than theta / 2 + theta_bar / 2, given its values and a way to measure them again; NaN too early for it.

    High: the weights swing about the average instead of moving with it. The learning rate is too high to descend further.
    """
    if memory.average is None or not has_temperature(memory):
        return math.nan
    parameters = list(map(own, memory.levers.parameters))
    theta = [p.clone() for p in parameters]  # half-way and back in place: any model can be measured like this
    try:
        torch._foreach_lerp_(parameters, list(map(own, memory.average.weights)), 0.5)
        there = values()
    finally:
        torch._foreach_copy_(parameters, theta)
    return mean_of([memory.objective.worse(a, than=b) for a, b in zip(here, there, strict=True)])
