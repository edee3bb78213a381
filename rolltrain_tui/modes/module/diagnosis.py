"""What ails anyone's model: the signals of `diagnosis` as far as they can be had without knowing what the model is.

The same formulas; examples take the place of sequences, and the two micro-batches that are looked at are the halves of the gradient.
Dead units are those of ReLU and GELU modules. What cannot be told is NaN.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rolltrain_tui.modes.module.batches import examples_in
from rolltrain_tui.modes.module.criterion import Criterion
from rolltrain_tui.protocol.learner import Evaluation, Examination
from rolltrain_tui.protocol.readings import LayerReading
from rolltrain_tui.training.layer_history import LayerHistory
from rolltrain_tui.training.measures import ALIVE, Layer, agree_fraction, histograms, lengths, mean_of, noise_scale, told, whole
from rolltrain_tui.training.weight_average import Average

DEPTH = 4
"""Parts of a parameter's name that tell its layer, its own name not counted."""
MOST_LAYERS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisInputs:
    """A model as it is brought in, at rest. It is handed back as it was."""

    model: nn.Module
    criterion: Criterion
    parameters: list[Tensor]
    """Those that learn."""
    layers: list[Layer]
    train: list[Any]
    """Micro-batches that are ready."""
    evaluation: Evaluation
    losses_now: Callable[[], Sequence[float]]
    """The losses of the evaluation, measured again with the weights as they stand."""
    first_moments: list[Tensor] | None
    average: Average | None
    pulse: LayerHistory | None
    micro_batches: int
    """Of a turn."""
    gflop: float
    """Of a forward pass of one micro-batch."""


def layers_of(model: nn.Module, parameters: Sequence[Tensor]) -> list[Layer]:
    """The parameters that learn, grouped by the first parts of their names; fewer parts where that makes too many layers."""
    names: dict[Tensor, str] = {p: name for name, p in model.named_parameters()}
    own = [names.get(p, "others").split(".")[:-1] or ["model"] for p in parameters]
    for depth in range(DEPTH, 0, -1):
        places: dict[str, list[int]] = {}
        for place, parts in enumerate(own):
            places.setdefault(".".join(parts[:depth]), []).append(place)
        if len(places) <= MOST_LAYERS:
            break
    return [Layer(name, tuple(where), None) for name, where in places.items()]


def examine(patient: DiagnosisInputs) -> Examination:
    """All signals and all layers. About the cost of two micro-batches and, with a weight average, an evaluation."""
    layers, pulse = patient.layers, patient.pulse
    train_loss, gradients, dead = _read(patient)
    temperature, spent = _temperature(patient)
    first, second = (gradients * 2)[:2]
    sizes = {examples_in(batch) for batch in patient.train}
    half = sizes.pop() if len(sizes) == 1 and len(gradients) == 2 else None
    mean = list(torch._foreach_mul(torch._foreach_add(first, second), 0.5))
    with torch.no_grad():
        weights, slopes = lengths(layers, patient.parameters), lengths(layers, mean)
    norm = whole(weights)
    moves = pulse.moves if pulse is not None else ()
    values = {
        "update_ratio": mean_of([whole(move) for move in moves]) / norm if norm > 0 else math.nan,
        "weight_growth": pulse.growth(norm) if pulse is not None else math.nan,
        "temperature": temperature,
        "gap": patient.evaluation.value - train_loss,
        "dead_units": dead,
        "agree_fraction": agree_fraction(mean, patient.first_moments),
        "noise_scale": noise_scale(first, second, half) / (half * patient.micro_batches) if half else math.nan,
    }
    bins = histograms(layers, mean)
    readings = tuple(
        LayerReading(
            name=layer.name,
            weights=sum(patient.parameters[place].numel() for place in layer.places),
            weight_norm=told(weights[i]),
            gradient_norm=told(slopes[i]),
            update_ratio=told(mean_of([move[i] for move in moves]) / weights[i]) if weights[i] > 0 else math.nan,
            histogram=bins[i],
            dead=math.nan,
        )
        for i, layer in enumerate(layers)
    )
    gflop = 3 * len(patient.train) * patient.gflop + spent
    return Examination(values={name: told(value) for name, value in values.items()}, layers=readings, gflop=gflop)


def _read(patient: DiagnosisInputs) -> tuple[float, list[list[Tensor]], float]:
    """The mean loss of the micro-batches, the gradient of each, and the part of hidden units that none of them wakes."""
    peaks: dict[nn.Module, Tensor] = {}

    def note(module: nn.Module, _: Any, reached: Any) -> None:
        if isinstance(reached, Tensor) and reached.dim() > 1:
            axis = 1 if reached.dim() == 4 else reached.dim() - 1  # channels of a picture, else the last
            highest = reached.detach().float().amax(dim=[d for d in range(reached.dim()) if d != axis])
            same = module in peaks and peaks[module].shape == highest.shape
            peaks[module] = torch.maximum(peaks[module], highest) if same else highest

    active = [m for m in patient.model.modules() if type(m).__name__.endswith(("ReLU", "GELU", "GELUActivation"))]
    hooks = [module.register_forward_hook(note) for module in active]
    losses, gradients = [], []
    try:
        for batch in patient.train:
            loss, _ = patient.criterion(patient.model, batch)
            found = torch.autograd.grad(loss, patient.parameters, allow_unused=True)
            gradients.append([torch.zeros_like(p) if g is None else g for p, g in zip(patient.parameters, found, strict=True)])
            losses.append(loss.item())
    finally:
        for hook in hooks:
            hook.remove()
    units = [unit for peak in peaks.values() for unit in (peak <= ALIVE).double().tolist()]
    return mean_of(losses), gradients, mean_of(units)


@torch.no_grad()
def _temperature(patient: DiagnosisInputs) -> tuple[float, float]:
    """val(theta) - val(half-way to the average), and its GFLOP; NaN until there is an average that tells of the run."""
    average, pulse = patient.average, patient.pulse
    if average is None or pulse is None or not pulse.settled or not patient.evaluation.values:
        return math.nan, 0.0
    here = [p.clone() for p in patient.parameters]
    try:
        torch._foreach_lerp_(patient.parameters, average.weights, 0.5)
        there = patient.losses_now()
    finally:
        torch._foreach_copy_(patient.parameters, here)
    return mean_of([a - b for a, b in zip(patient.evaluation.values, there, strict=True)]), patient.evaluation.gflop
