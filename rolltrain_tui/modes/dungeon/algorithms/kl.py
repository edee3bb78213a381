"""Distance from the reference model: in the reward, in the loss, and the coefficients that hold it.

Shapes: B actions, T tokens; log-probabilities are of the tokens that were chosen.
"""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from rolltrain_tui.modes.dungeon.algorithms.advantages import last_of
from rolltrain_tui.modes.dungeon.config_algorithms import KLTermConfig


def sampled_kl(logprobs: Tensor, reference: Tensor, mask: Tensor) -> Tensor:
    """log pi_old - log pi_ref of each action, whose mean over actions of pi_old is KL(pi_old || pi_ref): (B,)."""
    return ((logprobs - reference) * mask).sum(dim=1)


def token_rewards(score: Tensor, logprobs: Tensor, reference: Tensor, mask: Tensor, coefficient: float) -> Tensor:
    """r_t = -beta (log pi_old - log pi_ref), and the score (B,) on the last token: (B, T)."""
    rewards = -coefficient * (logprobs - reference) * mask
    return rewards.scatter_add(1, last_of(mask)[:, None], score[:, None].to(rewards.dtype))


def exact_kl(ratio: Tensor, logprobs: Tensor, reference: Tensor) -> Tensor:
    """rho (log pi - log pi_ref) of each token, whose mean over samples of the old policy is KL(pi || pi_ref): (B, T).

    Gradients flow through both factors. E_old[rho (log pi - log ref) grad log pi + rho grad log pi] is the gradient of the true KL;
    without rho in the graph only the second term stays, which is 0 in the mean.
    """
    return ratio * (logprobs - reference)


def adapted(coefficient: float, kl: float, *, target: float, horizon: float, steps: float) -> float:
    """The coefficient after so many steps: larger where kl is above its target, smaller below, by at most 20 % of steps / horizon.

    Ziegler et al., Fine-tuning language models from human preferences (2019).
    It stays above 0, also where five horizons pass in one go: one below 0 would drive the player away from the reference.
    """
    error = min(max(kl / target - 1, -0.2), 0.2)
    return coefficient * max(1 + error * steps / horizon, 0.01)


class KLCoefficients(nn.Module):
    """The two coefficients as they stand. They are buffers: a rollback takes them back with the weights."""

    loss_coefficient: Tensor
    reward_coefficient: Tensor

    def __init__(self, loss: KLTermConfig, reward: KLTermConfig) -> None:
        super().__init__()
        self._terms = {"loss": loss, "reward": reward}
        for name, term in self._terms.items():
            self.register_buffer(f"{name}_coefficient", torch.tensor(term.coefficient, dtype=torch.float32))

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

    def hear(self, name: Literal["loss", "reward"], kl: float, moves: int) -> None:
        """The distance in so many moves: in the loss those of a minibatch, in the reward those that were played.

        One that is no number teaches nothing: a turn that goes wrong is not applied, and must not spoil the turns after it.
        """
        term = self._terms[name]
        if term.adaptive and not math.isnan(kl):
            buffer: Tensor = getattr(self, f"{name}_coefficient")
            buffer.fill_(adapted(buffer.item(), kl, target=term.target, horizon=term.horizon, steps=moves))
