"""ACT-DE: an actor-critic whose policy learns from Q-heads; and values that are expectiles of them (ILQL; Snell et al., 2022).

Shapes: B actions, T tokens, N Q-heads, d channels, V words.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.algorithms.advantages import ValueLevel, advantages_of, at_level, mean_over, whitened
from rolltrain_tui.modes.dungeon.algorithms.algorithm import Rows, Told, means
from rolltrain_tui.modes.dungeon.algorithms.kl import exact_kl, token_rewards
from rolltrain_tui.modes.dungeon.algorithms.ppo import PPO, policy_losses, ppo_statistics, ratios, value_losses
from rolltrain_tui.modes.dungeon.games.play import Played
from rolltrain_tui.modes.dungeon.player.choice import Choice

PolicyAdvantage = Literal["residual", "q"]
"""residual: reward and next value, less Q, as the original has it: where Q is right nothing is left. q: Q less the value of the state."""
ValueLoss = Literal["ppo", "ilql"]
"""ppo: half the clipped squared distance from the return; ilql: an expectile of the Q-values of then."""


def smallest(q: Tensor) -> Tensor:
    """The most careful head's value of each token: (B, N, T) -> (B, T)."""
    return q.min(dim=1).values


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
    """The expectile of ilql: 0.5 is the mean, towards 1 the largest."""
    value_clip: float | None
    level: ValueLevel

    def losses(self, values: Tensor, old_values: Tensor, old_q: Tensor, returns: Tensor, mask: Tensor) -> Tensor:
        """The loss of each action's value: (B,)."""
        if self.loss == "ilql":
            return expectile_losses(values, old_q, mask, self.tau, self.level)
        return value_losses(values, old_values, returns, mask, self.value_clip, self.level)


# ---------------------------------------------------------------------------------------------------------------------
# The algorithm


@dataclass(frozen=True)
class ActDe(PPO):
    """PPO whose policy learns from Q-heads. `critic`: how the values learn."""

    critic: Critic
    q_coef: float
    by: PolicyAdvantage = "residual"
    title = "ACT-DE"
    columns = PPO.columns | {"q": 2, "advantages_q": 2}
    targets = (*PPO.targets, "advantages_q")

    def prepare(self, played: Played, reference: Tensor) -> tuple[Rows, Told]:
        coefficient = self.kl.reward  # an adaptive one has another value from here on; a turn's rewards have one
        rows, told = super().prepare(played, reference)
        then = played.choice
        assert then.q is not None, "ACT-DE plays with Q-heads"
        q = smallest(then.q)
        if self.by == "q":
            advantages = at_level(q, played.mask, self.credit.level) - at_level(then.values, played.mask, self.credit.level)
        else:
            rewards = token_rewards(played.score, then.logprobs, reference, played.mask, coefficient)
            advantages = advantages_of(played, rewards, self.credit, baseline=q)
        if self.whitening == "all":
            advantages = whitened(advantages, played.mask[:, : advantages.shape[1]], "all")
        return {**rows, "q": q, "advantages_q": advantages}, told

    def losses(self, now: Choice, rows: Rows) -> tuple[Tensor, Told]:
        assert now.q is not None, "ACT-DE learns with Q-heads"
        mask, level, advantages = rows["mask"], self.of.level, rows["advantages_q"]
        if self.whitening in ("single", "batch"):
            advantages = whitened(advantages, mask[:, : advantages.shape[1]], self.whitening)
        old = Choice(rows["logprobs"], now.entropy, rows["values"])
        ratio = ratios(now.logprobs, old.logprobs, mask, self.of.importance)
        policy = mean_over(policy_losses(ratio, advantages, self.of.clip), mask)
        value = self.critic.losses(now.values, rows["values"], rows["q"], rows["returns"], mask)
        q = q_losses(now.q, rows["returns"], mask, level)
        kl = mean_over(exact_kl(ratio, now.logprobs, rows["reference"]), mask)
        entropy = mean_over(now.entropy, mask)
        total = policy + self.of.value * value + self.q_coef * q + self.kl.loss * kl - self.of.entropy * entropy
        told = ppo_statistics(now, old, advantages, rows["returns"], mask, self.of)
        return total, told | means(policy=policy, value=value, q=q, kl=kl)
