"""What an examination reads of a GPT: the gradient of two halves of some training text, and its dead units.

The signals, with their formulas, are in `training.diagnosis`. Windows of text are (n, T + 1): T inputs, and the same one token on.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rolltrain_tui.modes.text.gpt import GPT, MLP
from rolltrain_tui.training.diagnosis import TrainingProbe
from rolltrain_tui.training.tensors.measures import ALIVE, Layer

PROBE = 16
"""Windows of validation text, and of training text, that are read. Few enough that an examination costs about two turns."""
HALF = 6
"""Windows of training text in each half of the gradient; the other 4 are only read, for the loss and the dead units."""

Losses = Callable[[Tensor], Tensor]
"""The loss of each window (n, T + 1), in nats per token: (n,)."""


def layers_of(model: GPT) -> list[Layer]:
    """Embeddings, then attention and MLP of each block with the norm before them, then what follows the blocks."""
    return layers_named(name for name, _ in model.named_parameters())


def layers_named(parameters: Iterable[str]) -> list[Layer]:
    """The layers of a GPT whose parameters have these names, in this order."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(parameters):
        places.setdefault(layer_name(name), []).append(place)
    mlps = [name for name in places if name.endswith("MLP")]
    return [Layer(name, tuple(own), mlps.index(name) if name in mlps else None) for name, own in places.items()]


def layer_name(parameter: str) -> str:
    """The layer that a parameter of the model belongs to: blocks.0.ln_2.weight is of "block 1 MLP"."""
    part, *rest = parameter.split(".")
    if part == "blocks":
        return f"block {int(rest[0]) + 1} {'attention' if rest[1] in ('ln_1', 'attn') else 'MLP'}"
    return {"wte": "tokens", "wpe": "positions", "ln_f": "last norm", "head": "output"}[part]


def halves(train: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The windows of the first half of the gradient, of the second, and those that are read without one. All from (m, T + 1)."""
    h = min(HALF, len(train) // 2) or len(train)
    return train[:h], train[h : 2 * h], train[2 * h :]


def probe(model: GPT, train: Tensor, losses: Losses) -> TrainingProbe:
    """Read the windows (m, T + 1) of training text. The model is at rest; `.grad` is left alone."""
    parameters = list(model.parameters())
    peaks: dict[int, Tensor] = {}

    def note(place: int) -> Callable[[nn.Module, Any, Tensor], None]:
        def hook(_: nn.Module, __: Any, reached: Tensor) -> None:
            highest = reached.detach().float().amax(dim=(0, 1))  # (B, T, 4C) -> (4C,)
            peaks[place] = highest if place not in peaks else torch.maximum(peaks[place], highest)

        return hook

    mlps = [module for module in model.modules() if isinstance(module, MLP)]
    hooks = [mlp.fc.register_forward_hook(note(place)) for place, mlp in enumerate(mlps)]
    try:
        a, b, rest = halves(train)
        found, gradients = [], []
        # autograd.grad leaves `.grad` alone, which may hold a gradient that training still needs
        for part in (a, b) if len(b) else (a,):
            own = losses(part)
            gradients.append(list(torch.autograd.grad(own.mean(), parameters)))
            found.append(own.detach())
        if len(rest):
            with torch.no_grad():
                found.append(losses(rest))
    finally:
        for hook in hooks:
            hook.remove()
    return TrainingProbe(
        loss=torch.cat([own.cpu() for own in found]).mean().item(),
        first=gradients[0],
        second=gradients[1] if len(b) else None,
        half=len(b) or None,
        # GELU of the highest pre-activation: GELU rises where it is positive, so this is the highest activation too.
        dead=[F.gelu(peaks[place]) <= ALIVE for place in range(len(mlps))],
    )


def cost(train: Tensor, validation_windows: int) -> float:
    """Windows that an examination trains on, counting a window that is only read as a third."""
    trained = sum(len(part) for part in halves(train)[:2])
    return trained + (len(train) - trained + validation_windows) / 3
