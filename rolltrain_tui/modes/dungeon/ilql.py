"""ACT-DE: an actor-critic whose policy learns from Q-heads; and values that are expectiles of them (ILQL; Snell et al., 2022).

Shapes: B actions, T tokens, N Q-heads, d channels, V words.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from rolltrain_tui.modes.dungeon.advantages import Credit, ValueLevel, action_advantages, at_level, mean_over
from rolltrain_tui.modes.dungeon.ppo import value_losses

ValueLoss = Literal["ppo", "ilql"]
"""ppo: half the clipped squared distance from the return; ilql: an expectile of the Q-values of then."""


class QHeads(nn.Module):
    """N linear heads on the last hidden layer: what each word is worth there."""

    def __init__(self, width: int, vocabulary: int, heads: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList(nn.Linear(width, vocabulary) for _ in range(heads))

    @torch.no_grad()
    def draw_weights(self, generator: torch.Generator) -> None:
        """Weights ~ N(0, 0.02), each head its own; biases 0."""
        for head in self.heads:
            assert isinstance(head, nn.Linear)
            head.weight.normal_(0.0, 0.02, generator=generator)
            head.bias.zero_()

    def forward(self, hidden: Tensor, words: Tensor) -> Tensor:
        """What these words (B, T) are worth: hidden (B, T, d) before each -> (B, N, T)."""
        return torch.stack([head(hidden).gather(2, words[..., None])[..., 0] for head in self.heads], dim=1)


def smallest(q: Tensor) -> Tensor:
    """Of each token what the most careful head thinks: (B, N, T) -> (B, T)."""
    return q.min(dim=1).values


def q_advantages(rewards: Tensor, values: Tensor, q: Tensor, mask: Tensor, next_value: Tensor, of: Credit) -> Tensor:
    """Advantages in which Q of the chosen token (B, T) is taken off in place of V: (B, T), or (B, 1) by actions."""
    return action_advantages(rewards, values, mask, next_value, of, baseline=q)


def q_losses(q: Tensor, returns: Tensor, mask: Tensor, level: ValueLevel) -> Tensor:
    """Sum over the heads of the mean of (Q - R)^2: q (B, N, T); returns (B, T), or (B, 1) by actions -> (B,)."""
    there = mask[:, : returns.shape[1]]
    errors = [mean_over((at_level(q[:, n], mask, level) - returns).square(), there) for n in range(q.shape[1])]
    return torch.stack(errors).sum(dim=0)


def expectile_losses(values: Tensor, q: Tensor, mask: Tensor, tau: float, level: ValueLevel) -> Tensor:
    """tau (Q - V)^2 where Q >= V, else (1 - tau) (Q - V)^2; q: (B, T) of then -> (B,)."""
    away = at_level(q, mask, level) - at_level(values, mask, level)
    return mean_over(torch.where(away >= 0, tau, 1 - tau) * away.square(), mask[:, : away.shape[1]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Critic:
    """How the values and the Q-heads learn."""

    loss: ValueLoss
    tau: float
    """Of ilql: 0.5 is the mean, towards 1 the largest."""
    value_clip: float | None
    level: ValueLevel

    def losses(self, values: Tensor, old_values: Tensor, old_q: Tensor, returns: Tensor, mask: Tensor) -> Tensor:
        """Of each action's value: (B,)."""
        if self.loss == "ilql":
            return expectile_losses(values, old_q, mask, self.tau, self.level)
        return value_losses(values, old_values, returns, mask, self.value_clip, self.level)
