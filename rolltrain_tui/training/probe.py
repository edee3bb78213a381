"""What an examination reads of any module: the gradients of two micro-batches, and the dead units of its activations.

The signals, with their formulas, are in `diagnosis`; examples take the place of sequences. Dead units are those of ReLU and
GELU modules, the only ones whose output says by its size whether a unit is alive.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from rolltrain_tui.training.diagnosis import TrainingProbe
from rolltrain_tui.training.tensors.any_batch import examples_in
from rolltrain_tui.training.tensors.gradients import dense, real
from rolltrain_tui.training.tensors.measures import ALIVE, Layer, mean_of

DEPTH = 4
"""Parts of a parameter's name that tell its layer, its own name not counted."""
MOST_LAYERS = 40
"""A table of more layers is hard to read: then fewer parts of the names are used."""


def layers_of(model: nn.Module, parameters: Sequence[Tensor]) -> list[Layer]:
    """The parameters that learn, grouped by the first parts of their names; fewer parts where that makes too many layers."""
    names: dict[Tensor, str] = {p: name for name, p in model.named_parameters()}
    own = [names.get(p, "others").split(".")[:-1] or ["model"] for p in parameters]
    # "encoder.layer.3.attention" says more than "encoder", but a deep model has too many of the former
    for depth in range(DEPTH, 0, -1):
        places: dict[str, list[int]] = {}
        for place, parts in enumerate(own):
            places.setdefault(".".join(parts[:depth]), []).append(place)
        if len(places) <= MOST_LAYERS:
            break
    return [Layer(name, tuple(where), None) for name, where in places.items()]


def probe(model: nn.Module, parameters: Sequence[Tensor], train: Sequence[Any], loss_of: Callable[[Any], Tensor]) -> TrainingProbe:
    """Read one or two micro-batches of the training data, which are ready. The model is at rest; `.grad` is left alone."""
    losses, gradients = [], []
    with peaks_in(model) as peaks:
        for batch in train:
            loss = loss_of(batch)
            # A parameter that this batch does not use has a gradient of zero, and so has one that the model has frozen meanwhile
            learning = [p for p in parameters if p.requires_grad]
            found = dict(zip(learning, torch.autograd.grad(loss, learning, allow_unused=True) if learning else (), strict=True))
            gradients.append([torch.zeros_like(real(p)) if (g := found.get(p)) is None else dense(g) for p in parameters])
            losses.append(loss.item())
    sizes = {examples_in(batch) for batch in train}
    return TrainingProbe(
        loss=mean_of(losses),
        first=gradients[0],
        second=gradients[1] if len(gradients) > 1 else None,
        half=sizes.pop() if len(sizes) == 1 and len(gradients) == 2 else None,
        dead=[peak <= ALIVE for peak in peaks.values()],
    )


@contextmanager
def peaks_in(model: nn.Module) -> Iterator[dict[nn.Module, Tensor]]:
    """Inside, forward passes note the highest activation of each hidden unit, by module, in the order in which they are called."""
    peaks: dict[nn.Module, Tensor] = {}

    def note(module: nn.Module, _: Any, reached: Any) -> None:
        if isinstance(reached, Tensor) and reached.dim() > 1:
            axis = 1 if reached.dim() == 4 else reached.dim() - 1  # units: channels of a picture (B, C, H, W), else the last
            highest = reached.detach().float().amax(dim=[d for d in range(reached.dim()) if d != axis])
            same = module in peaks and peaks[module].shape == highest.shape
            peaks[module] = torch.maximum(peaks[module], highest) if same else highest

    active = [m for m in model.modules() if type(m).__name__.endswith(("ReLU", "GELU", "GELUActivation"))]
    hooks = [module.register_forward_hook(note) for module in active]
    try:
        yield peaks
    finally:
        for hook in hooks:
            hook.remove()
