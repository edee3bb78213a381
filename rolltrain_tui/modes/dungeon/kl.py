"""Distance from the reference model: in the reward, in the loss, and the coefficients that hold it.

Shapes: B actions, T tokens; log-probabilities are of the tokens that were chosen.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn


def token_rewards(score: Tensor, logprobs: Tensor, reference: Tensor, mask: Tensor, coefficient: float) -> Tensor:
    """r_t = -beta (log pi_old - log pi_ref), and the score (B,) on the last token: (B, T)."""
    rewards = -coefficient * (logprobs - reference) * mask
    return rewards.scatter_add(1, (mask.sum(dim=1, keepdim=True) - 1), score[:, None].to(rewards.dtype))


def exact_kl(ratio: Tensor, logprobs: Tensor, reference: Tensor) -> Tensor:
    """rho (log pi - log pi_ref) of each token, whose mean over samples of the old policy is KL(pi || pi_ref): (B, T).

    Gradients flow through both factors. E_old[rho (log pi - log ref) grad log pi + rho grad log pi] is the gradient of the true KL;
    without rho in the graph only the second term stays, which is 0 in the mean.
    """
    return ratio * (logprobs - reference)


def adapted(coefficient: float, kl: float, *, target: float, horizon: float, steps: float) -> float:
    """The coefficient after so many steps: larger where kl is above its target, smaller below, by at most 20 % of steps / horizon."""
    error = min(max(kl / target - 1, -0.2), 0.2)
    return coefficient * (1 + error * steps / horizon)


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """How a coefficient begins, and whether it adapts."""

    coefficient: float
    adaptive: bool
    target: float
    """Nats of a whole action."""
    horizon: float
    """Moves over which it adapts."""


class KLCoefficients(nn.Module):
    """The two coefficients as they stand. They are buffers: a rollback takes them back with the weights."""

    loss_coefficient: Tensor
    reward_coefficient: Tensor

    def __init__(self, loss: Control, reward: Control) -> None:
        super().__init__()
        self.controls = {"loss": loss, "reward": reward}
        for name, control in self.controls.items():
            self.register_buffer(f"{name}_coefficient", torch.tensor(control.coefficient, dtype=torch.float32))

    @property
    def used(self) -> bool:
        """Whether the distance from the reference counts for anything."""
        return self.loss > 0 or self.reward > 0

    @property
    def loss(self) -> float:
        return self.loss_coefficient.item()

    @property
    def reward(self) -> float:
        return self.reward_coefficient.item()

    def set_loss(self, coefficient: float) -> None:
        self.loss_coefficient.fill_(coefficient)

    def heard_loss(self, kl: float, moves: int) -> None:
        """The distance in a minibatch of so many moves."""
        self._hear("loss", kl, moves)

    def heard_reward(self, kl: float, moves: int) -> None:
        """The distance in so many moves that were played."""
        self._hear("reward", kl, moves)

    def _hear(self, name: str, kl: float, moves: int) -> None:
        control = self.controls[name]
        if control.adaptive:
            buffer: Tensor = getattr(self, f"{name}_coefficient")
            buffer.fill_(adapted(buffer.item(), kl, target=control.target, horizon=control.horizon, steps=moves))
