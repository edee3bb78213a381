"""A witness beside an optimiser's step: on a sample of the coordinates it takes the plain step, and so knows what was proposed.

Where an optimiser moves each coordinate by itself and in proportion to its learning rate, theta + k (theta_new - theta) is the step with
learning rate x k, for k >= 0 exactly and at no cost. What it would have been without is then no longer there to be read off the weights;
the witness takes that step on the sampled coordinates with a copy of their moments. Whole copies of a large model would cost several
per cent of a step; the sample costs next to nothing, and all coordinates of a model that is small are in it.
"""

from typing import Any

import torch
from torch import Tensor
from torch.optim import SGD, Adadelta, Adagrad, Adam, Adamax, AdamW, NAdam, Optimizer, RAdam, RMSprop

BY_COORDINATE = (SGD, Adam, AdamW, NAdam, RAdam, RMSprop, Adagrad, Adamax, Adadelta)
"""Optimisers of PyTorch whose update is coordinate by coordinate, and proportional to the learning rate (decay included)."""
SAMPLE, BLOCK = 1024, 128
"""Coordinates of each parameter tensor that are looked at, and how many of them stand side by side; the blocks are evenly spread."""


class SampledUpdate:
    """Of one optimiser; `serves` says whether there can be one."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self._old: list[Tensor] = []
        self._moments: list[dict[str, Any]] = []
        self._shadow: Optimizer | None = None

    @staticmethod
    def serves(optimizer: Optimizer) -> bool:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        plain = all(type(p) in (torch.nn.Parameter, Tensor) and p.is_contiguous() and p.layout == torch.strided for p in parameters)
        return type(optimizer) in BY_COORDINATE and plain

    def _sample(self, p: Tensor, whole: Tensor) -> Tensor:
        """The sampled coordinates of `whole`, which has the shape of p."""
        flat = whole.detach().reshape(-1)
        if p.numel() <= SAMPLE:
            return flat
        blocks = flat[: p.numel() // BLOCK * BLOCK].view(-1, BLOCK)
        return blocks[:: max(1, len(blocks) * BLOCK // SAMPLE)].reshape(-1)

    @torch.no_grad()
    def remember(self) -> None:
        """Before the step: weights and moments as they are."""
        self._parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
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
        for place in moved:
            p, old = self._parameters[place], self._old[place].float()
            proposed, applied = shadow[place].detach().float() - old, self._sample(p, p).float() - old
            found = torch.stack((proposed.dot(proposed), applied.dot(applied), applied.dot(proposed)))
            sums += found.double().cpu() * (p.numel() / max(1, old.numel()))
        return sums[0].item(), sums[1].item(), sums[2].item()

    def _take_plain_step(self, moved: list[int]) -> dict[int, Tensor]:
        """The same optimiser on the samples alone, from where they stood."""
        places = iter(range(len(self._parameters)))
        samples = [self._old[place].clone() for place in range(len(self._parameters))]
        groups = []
        for group in self.optimizer.param_groups:
            own = [samples[next(places)] for _ in group["params"]]
            groups.append({**group, "params": own})
        shadow = type(self.optimizer)(groups)  # type: ignore[call-arg]
        shadow.state.clear()  # some begin with moments of their own
        for place, sample in enumerate(samples):
            if self._moments[place]:
                shadow.state[sample] = self._moments[place]
        for place in moved:
            gradient = self._parameters[place].grad
            assert gradient is not None
            samples[place].grad = self._sample(self._parameters[place], gradient).clone()
        shadow.step()
        return {place: samples[place] for place in moved}
