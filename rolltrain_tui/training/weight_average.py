"""What a learner remembers for levers that look back: the running average of the weights, and the best of the last evaluations.

Nothing here is made, kept or saved in a run whose hero cannot ask for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.optim import Optimizer

from rolltrain_tui.training.snapshots import Snapshot

AVERAGE_DECAY = 0.95
"""theta_bar <- 0.95 theta_bar + 0.05 theta after every turn: about the last 20."""
EVALUATIONS = 8
"""A snapshot may be returned to for so many evaluations."""
FIRST_MOMENTS = ("exp_avg", "momentum_buffer")


class Average:
    """The exponential moving average of the weights."""

    def __init__(self, weights: Sequence[Tensor]) -> None:
        self.weights = [weight.detach().clone() for weight in weights]

    @torch.no_grad()
    def follow(self, weights: Sequence[Tensor]) -> None:
        torch._foreach_lerp_(self.weights, list(weights), 1 - AVERAGE_DECAY)

    def distance(self, weights: Sequence[Tensor]) -> float:
        """|theta - theta_bar|, summed in float64."""
        squares = [(a.detach().double() - b.double()).square().sum() for a, b in zip(weights, self.weights, strict=True)]
        return torch.stack(squares).sum().sqrt().item()

    @torch.no_grad()
    def heal(self, weights: Sequence[Tensor], alpha: float) -> float:
        """theta <- (1 - alpha) theta + alpha theta_bar; |theta' - theta_bar| / |theta - theta_bar|, read from the weights.

        Weights that are their own average have nothing to heal: the ratio is 1 - alpha there by definition.
        """
        before = self.distance(weights)
        torch._foreach_lerp_(list(weights), self.weights, alpha)
        return self.distance(weights) / before if before > 0 else 1 - alpha


@dataclass(frozen=True, slots=True)
class Remembered:
    """The state an evaluation was of."""

    loss: float
    evaluation: int
    """Which of the run's evaluations it was, counted from one."""
    snapshot: Snapshot


class Ring:
    """The best state of the last 8 evaluations.

    Only states that can still become the best are held: one that is no better than a later one is let go at once, so the first of
    the ring is the best of the window, and a run that keeps improving holds a single copy.
    """

    def __init__(self) -> None:
        self.evaluations = 0
        self.kept: list[Remembered] = []

    @property
    def best(self) -> Remembered | None:
        return self.kept[0] if self.kept else None

    def remember(self, loss: float, snapshot: Snapshot) -> None:
        self.evaluations += 1
        oldest = self.evaluations - EVALUATIONS
        self.kept = [old for old in self.kept if old.loss < loss and old.evaluation > oldest]
        self.kept.append(Remembered(loss, self.evaluations, snapshot))

    def copy(self) -> Self:
        ring = type(self)()
        ring.evaluations, ring.kept = self.evaluations, list(self.kept)
        return ring


@torch.no_grad()
def forget_momentum(optimizer: Optimizer) -> tuple[float, float]:
    """Set the first moments (SGD: the momentum) to zero; their norm before and after."""
    moments = [state[key] for state in optimizer.state.values() for key in FIRST_MOMENTS if isinstance(state.get(key), Tensor)]
    before = _norm(moments)
    for moment in moments:
        moment.zero_()
    return before, _norm(moments)


def _norm(tensors: list[Tensor]) -> float:
    return torch.nn.utils.get_total_norm(tensors).item() if tensors else 0.0
