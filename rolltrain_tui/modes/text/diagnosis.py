"""What ails the model: the signals that need a look inside it, on a little fixed text, with nothing changed and nothing drawn.

With theta the weights, theta_bar their running average, g_a and g_b the gradients of the two halves (h sequences each) of a piece of
training text, and B the sequences of a turn:

    update_ratio    mean over the last measured turns of |update| / |theta|                         (kept by `pulse.Pulse`)
    weight_growth   (|theta| / |theta 100 turns ago| - 1) x 100 %
    temperature     val(theta) - val(theta / 2 + theta_bar / 2), paired by sequence
    gap             validation loss - loss on training text
    dead_units      part of the MLPs' hidden units whose activation stays below ALIVE on all of the training text
    agree_fraction  part of the coordinates in which (g_a + g_b) / 2 has the sign of the optimiser's first moment
    noise_scale     tr(Sigma) / |G|^2 / B, with |G|^2 ~ <g_a, g_b> and tr(Sigma) ~ h |g_a - g_b|^2 / 2
                    (McCandlish et al., An Empirical Model of Large-Batch Training, 2018)
"""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from rolltrain_tui.modes.text.gpt import GPT, MLP, token_losses
from rolltrain_tui.protocol.learner import Examination
from rolltrain_tui.protocol.readings import LayerReading
from rolltrain_tui.training.layer_history import LayerHistory
from rolltrain_tui.training.measures import (
    ALIVE,
    Layer,
    agree_fraction,
    histograms,
    lengths,
    mean_of,
    noise_scale,
    told,
    whole,
)
from rolltrain_tui.training.weight_average import Average

PROBE = 16
"""Sequences of validation text, and of training text, that are read."""
HALF = 6
"""Sequences of the training text in each half of the gradient."""


def layers_of(model: GPT) -> list[Layer]:
    """Embeddings, then attention and MLP of each block with the norm before them, then what follows the blocks."""
    places: dict[str, list[int]] = {}
    for place, (name, _) in enumerate(model.named_parameters()):
        places.setdefault(layer_name(name), []).append(place)
    mlps = [name for name in places if name.endswith("MLP")]
    return [Layer(name, tuple(own), mlps.index(name) if name in mlps else None) for name, own in places.items()]


def layer_name(parameter: str) -> str:
    """The layer that a parameter of the model belongs to: blocks.0.ln_2.weight is of "block 1 MLP"."""
    part, *rest = parameter.split(".")
    if part == "blocks":
        return f"block {int(rest[0]) + 1} {'attention' if rest[1] in ('ln_1', 'attn') else 'MLP'}"
    return {"wte": "tokens", "wpe": "positions", "ln_f": "last norm", "head": "output"}[part]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisInputs:
    """A model as it is brought in. It is handed back as it was."""

    model: GPT
    layers: list[Layer]
    val: Tensor
    """Windows of the validation probe, (n, T + 1)."""
    val_losses: tuple[float, ...]
    """The model's losses on them."""
    val_loss: float
    """On the whole probe set."""
    train: Tensor
    """Windows of the training text, (m, T + 1)."""
    first_moments: list[Tensor] | None
    """One for each parameter; None where the optimiser has none (yet)."""
    average: Average | None
    pulse: LayerHistory | None
    batch: int
    """Sequences of a turn."""
    autocast: Callable[[], AbstractContextManager[Any]]


def examine(patient: DiagnosisInputs) -> Examination:
    """All signals and all layers. About the cost of two turns of a small model; see `tests/benchmarks/sick_runs.py`."""
    model, layers, pulse = patient.model, patient.layers, patient.pulse
    parameters = list(model.parameters())
    model.eval()  # without dropout, whose stream is the training's
    train_loss, first, second, dead = read_training_text(patient)
    temperature = measure_temperature(patient)
    model.train()

    h = len(halves(patient.train)[1])
    mean = first if not h else list(torch._foreach_mul(torch._foreach_add(first, second), 0.5))
    with torch.no_grad():
        weights, slopes = lengths(layers, parameters), lengths(layers, mean)
    norm = whole(weights)
    moves = pulse.moves if pulse is not None else ()
    ratio = mean_of([whole(move) for move in moves]) / norm if norm > 0 else math.nan
    values = {
        "update_ratio": ratio,
        "weight_growth": pulse.growth(norm) if pulse is not None else math.nan,
        "temperature": temperature,
        "gap": patient.val_loss - train_loss,
        "dead_units": mean_of([float(unit) for units in dead for unit in units.tolist()]),
        "agree_fraction": agree_fraction(mean, patient.first_moments),
        "noise_scale": noise_scale(first, second, h) / patient.batch if h else math.nan,
    }
    bins = histograms(layers, mean)
    readings = tuple(
        LayerReading(
            name=layer.name,
            weights=sum(parameters[place].numel() for place in layer.places),
            weight_norm=told(weights[i]),
            gradient_norm=told(slopes[i]),
            update_ratio=told(mean_of([move[i] for move in moves]) / weights[i]) if weights[i] > 0 else math.nan,
            histogram=bins[i],
            dead=dead[layer.mlp].double().mean().item() if layer.mlp is not None else math.nan,
        )
        for i, layer in enumerate(layers)
    )
    return Examination(values={name: told(value) for name, value in values.items()}, layers=readings, gflop=_gflop(patient))


# ---------------------------------------------------------------------------------------------------------------------
# Reading text


def halves(train: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The windows of the first half of the gradient, of the second, and those that are read without one. All from (m, T + 1)."""
    h = min(HALF, len(train) // 2) or len(train)
    return train[:h], train[h : 2 * h], train[2 * h :]


def read_training_text(patient: DiagnosisInputs) -> tuple[float, list[Tensor], list[Tensor], list[Tensor]]:
    """The mean loss, the gradients of both halves (one tensor for each parameter), and which hidden units of each MLP are dead."""
    parameters = list(patient.model.parameters())
    peaks: dict[int, Tensor] = {}

    def note(place: int) -> Callable[[nn.Module, Any, Tensor], None]:
        def hook(_: nn.Module, __: Any, reached: Tensor) -> None:
            highest = reached.detach().float().amax(dim=(0, 1))  # (B, T, 4C) -> (4C,); GELU rises where it is positive
            peaks[place] = highest if place not in peaks else torch.maximum(peaks[place], highest)

        return hook

    mlps = [module for module in patient.model.modules() if isinstance(module, MLP)]
    hooks = [mlp.fc.register_forward_hook(note(place)) for place, mlp in enumerate(mlps)]
    try:
        a, b, rest = halves(patient.train)
        losses, gradients = [], []
        for part in (a, b):
            own = _losses(patient, part) if len(part) else torch.zeros(0)
            gradients.append(list(torch.autograd.grad(own.mean(), parameters)) if len(part) else [])
            losses.append(own.detach())
        with torch.no_grad():
            losses.append(_losses(patient, rest) if len(rest) else torch.zeros(0))
    finally:
        for hook in hooks:
            hook.remove()
    dead = [F.gelu(peaks[place]) <= ALIVE for place in range(len(mlps))]
    return torch.cat([own.cpu() for own in losses]).mean().item(), gradients[0], gradients[1], dead


@torch.no_grad()
def measure_temperature(patient: DiagnosisInputs) -> float:
    """val(theta) - val(half-way to the average); NaN until there is an average that tells of the run."""
    average, pulse = patient.average, patient.pulse
    if average is None or pulse is None or not pulse.settled:
        return math.nan
    named = dict(patient.model.named_parameters())
    middle = torch._foreach_lerp(list(named.values()), average.weights, 0.5)
    there = _losses(patient, patient.val, dict(zip(named, middle, strict=True))).tolist()
    return mean_of([a - b for a, b in zip(patient.val_losses, there, strict=True)])


def _losses(patient: DiagnosisInputs, windows: Tensor, weights: dict[str, Tensor] | None = None) -> Tensor:
    """The loss of each window (n, T + 1), in nats per token: (n,). With other weights than the model's own, where given."""
    x, y = windows[:, :-1], windows[:, 1:]
    with patient.autocast():
        logits = patient.model(x) if weights is None else functional_call(patient.model, weights, (x,))
        return token_losses(logits, y).mean(dim=1)


def _gflop(patient: DiagnosisInputs) -> float:
    """Model FLOPs of what was read, in units of 1e9: a forward pass is a third of training."""
    trained = sum(len(part) for part in halves(patient.train)[:2])
    forward = len(patient.train) - trained + (0 if patient.pulse is None or not patient.pulse.settled else len(patient.val))
    return (trained + forward / 3) * (patient.train.shape[1] - 1) * patient.model.flops_per_token() / 1e9
