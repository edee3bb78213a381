"""Levers on single coordinates of an update, and on its length.

With g the mean gradient and u the proposed update, a coordinate agrees where u g < 0: there the update goes downhill. In the other
coordinates momentum, weight decay or the second moment outweigh the gradient (Cautious Optimizers, arXiv 2411.16085).
"""

from collections import deque
from collections.abc import Iterable
from math import floor, sqrt

import torch
from torch import Tensor

from rolltrain_tui.protocol.effects import StepEffect

NORMS = 100
"""Past updates whose quantile is the cap: enough for a stable quantile, few enough to follow the learning rate."""
FEWEST_NORMS = 10
"""A quantile of fewer norms would be noise: until then nothing is capped."""


def masks(effect: StepEffect) -> bool:
    return effect.cautious or effect.agreeing_gain != 1


class AgreementCount:
    """The agreeing and the other coordinates of a masked update: their number, and squared length before and after."""

    def __init__(self) -> None:
        self.weights = self.agreeing = 0
        self.before = [0.0, 0.0]
        """Squared lengths of the coordinates that agree, and of the others."""
        self.after = [0.0, 0.0]

    @property
    def share(self) -> float:
        return self.agreeing / self.weights if self.weights else 0.0

    def factors(self, effect: StepEffect) -> tuple[float, float]:
        """The factors of the agreeing coordinates and of the others.

        Cautious divides by the share of agreeing ones, so that the mean factor over all is 1. Where none agrees, nothing moves.
        """
        if not effect.cautious:
            return effect.agreeing_gain, 1.0
        return (effect.agreeing_gain / self.share if self.agreeing else 0.0), 0.0

    def measured(self, effect: StepEffect) -> dict[str, float]:
        name = "cautious" if effect.cautious else "agreeing_gain"
        agreeing, others = (sqrt(after / before) if before > 0 else 0.0 for after, before in zip(self.after, self.before, strict=True))
        return {name: agreeing, f"{name}.others": others, f"{name}.share": self.share, f"{name}.struck": float(self.agreeing)}


def agreement(update: Tensor, gradients: Iterable[Tensor]) -> Tensor:
    """Where the flat `update` goes against the gradients, which are read in the same order: bool, as long as update."""
    return update * torch.cat([gradient.reshape(-1) for gradient in gradients]) < 0


def squared_halves(update: Tensor, agrees: Tensor) -> list[float]:
    """|u|^2 over the coordinates that agree, and over the others."""
    squares = update.float().square()
    agreeing = (squares * agrees).sum().item()
    return [agreeing, (squares * ~agrees).sum().item()]


def cap_of(norms: deque[float], quantile: float) -> float | None:
    """The quantile of the norms, linear between neighbours; None while too few are known."""
    if len(norms) < FEWEST_NORMS:
        return None
    ordered = sorted(norms)
    # Linear between neighbours, as numpy's default
    place = quantile * (len(ordered) - 1)
    low = floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
