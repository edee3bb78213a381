"""Measures a step that was scaled by its learning rate, on a sample of the coordinates.

Many optimisers move each coordinate by itself, in proportion to the learning rate. For them theta + k (theta_new - theta) is the step
with learning rate x k: exact for k >= 0, and free. But the plain step is then never taken, so its update cannot be read off the weights.
`SampledUpdate` takes the plain step on sampled coordinates, with copies of their moments. Copying a large model whole would cost several
per cent of a step; a sample costs almost nothing. A small model is sampled whole.
"""

from typing import Any, Self

import torch
from torch import Tensor
from torch.optim import SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, NAdam, Optimizer, RAdam, RMSprop

from rolltrain_tui.training.optimizers.optimizer_state import parameters_of
from rolltrain_tui.training.tensors.gradients import dense

BY_COORDINATE = (SGD, Adam, AdamW, NAdam, RAdam, RMSprop, Adagrad, Adamax, Adadelta)
"""PyTorch's optimisers that move each coordinate by itself, in proportion to the learning rate (weight decay included)."""
SAMPLE, BLOCK = 1024, 128
"""Sampled coordinates of each parameter tensor, and the length of the blocks they are read in, which are spread evenly.

Every coordinate shows k, so few suffice for it; the norms are estimates. Blocks, because contiguous reads are cheap.
"""


class SampledUpdate:
    """Call `remember` before the step and `products` after it."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self._old: list[Tensor] = []
        self._moments: list[dict[str, Any]] = []

    @classmethod
    def of(cls, optimizer: Optimizer) -> Self | None:
        """None for an optimiser outside of the list, and for weights that are not dense and real."""
        plain = all(
            type(p) in (torch.nn.Parameter, Tensor) and p.is_contiguous() and p.layout == torch.strided and not p.is_complex()
            for p in parameters_of(optimizer)
        )
        return cls(optimizer) if type(optimizer) in BY_COORDINATE and plain else None

    def _sample(self, p: Tensor, whole: Tensor) -> Tensor:
        """The sampled coordinates of `whole`, which has the shape of p."""
        flat = whole.detach().reshape(-1)
        if p.numel() <= SAMPLE:
            return flat  # small tensors are measured whole
        blocks = flat[: p.numel() // BLOCK * BLOCK].view(-1, BLOCK)
        return blocks[:: max(1, len(blocks) * BLOCK // SAMPLE)].reshape(-1)

    @torch.no_grad()
    def remember(self) -> None:
        """Before the step: copy the sampled weights and moments."""
        self._parameters = parameters_of(self.optimizer)
        self._old = [self._sample(p, p).clone() for p in self._parameters]
        self._moments = [{key: self._moment(p, value) for key, value in self.optimizer.state.get(p, {}).items()} for p in self._parameters]

    def _moment(self, p: Tensor, value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        return (self._sample(p, value) if value.shape == p.shape else value).clone()

    @torch.no_grad()
    def products(self) -> tuple[float, float, float]:
        """After the step, while `.grad` still holds its gradient, and the groups are as they were before it:

        <proposed, proposed>, <applied, applied>, <applied, proposed>, each sample counted as often as coordinates it stands for.
        """
        moved = [place for place, p in enumerate(self._parameters) if p.grad is not None]
        shadow = self._take_plain_step(moved)
        sums = torch.zeros(3, dtype=torch.float64)
        # Each coordinate stands for numel / sample of its tensor, so that the norms estimate those of the whole model
        for place in moved:
            p, old = self._parameters[place], self._old[place].float()
            proposed, applied = shadow[place].detach().float() - old, self._sample(p, p).float() - old
            found = torch.stack((proposed.dot(proposed), applied.dot(applied), applied.dot(proposed)))
            sums += found.cpu().double() * (p.numel() / max(1, old.numel()))
        return sums[0].item(), sums[1].item(), sums[2].item()

    def _take_plain_step(self, moved: list[int]) -> dict[int, Tensor]:
        """The same optimiser on the samples alone, from where they stood."""
        places = iter(range(len(self._parameters)))
        samples = [self._old[place].clone() for place in range(len(self._parameters))]
        # The groups as they are, learning rate and decay included, with samples in place of the parameters
        groups = []
        for group in self.optimizer.param_groups:
            own = [samples[next(places)] for _ in group["params"]]
            groups.append({**group, "params": own})
        shadow = type(self.optimizer)(groups)  # type: ignore[call-arg]
        shadow.state.clear()  # Adagrad creates its moments in the constructor
        for place, sample in enumerate(samples):
            if self._moments[place]:
                shadow.state[sample] = self._moments[place]
        for place in moved:
            gradient = self._parameters[place].grad
            assert gradient is not None
            samples[place].grad = self._sample(self._parameters[place], dense(gradient)).clone()
        shadow.step()
        return {place: samples[place] for place in moved}
