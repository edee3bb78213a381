"""Proximal policy optimisation (Schulman et al., 2017): the losses of a minibatch, and the algorithm that they make.

Shapes: B actions, T tokens. An action is one decision (a command among those on offer: T = 1) or a row of written words. `mask` (B, T)
is true where there is a token. A loss is the mean over each action's tokens, and then over all actions of the minibatch.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Self

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.algorithms.advantages import Credit, ValueLevel, Whitening, advantages_of, at_level, mean_over, whitened
from rolltrain_tui.modes.dungeon.algorithms.algorithm import Algorithm, Rows, Told, means
from rolltrain_tui.modes.dungeon.algorithms.kl import KLCoefficients, exact_kl, sampled_kl, token_rewards
from rolltrain_tui.modes.dungeon.games.play import COLUMNS, Played, rows_of
from rolltrain_tui.modes.dungeon.player.choice import Choice

Importance = Literal["token", "sequence"]
"""token: each token by its own ratio; sequence: all tokens of an action by the ratio of the whole action."""


@dataclass(frozen=True, slots=True)
class Losses:
    """The losses of each action, (B,) each. A minibatch minimises the mean of `total`."""

    total: Tensor
    policy: Tensor
    value: Tensor
    kl: Tensor
    entropy: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Coefficients:
    clip: float
    value_clip: float | None
    """None: the value's loss is not clipped."""
    value: float
    entropy: float
    kl: float = 0.0
    """In a campaign, as `KLCoefficients` stands now."""
    importance: Importance = "token"
    level: ValueLevel = "token"


def ratios(logprobs: Tensor, old: Tensor, mask: Tensor, importance: Importance) -> Tensor:
    """pi / pi_old of each token, or of the whole action at each of its tokens: (B, T)."""
    difference = (logprobs - old) * mask
    if importance == "sequence":
        difference = difference.sum(dim=1, keepdim=True).expand_as(difference)
    return difference.exp()


def policy_losses(ratio: Tensor, advantages: Tensor, clip: float) -> Tensor:
    """max(-A rho, -A clamp(rho, 1 - eps, 1 + eps)) of each token: (B, T). Advantages may be (B, 1)."""
    return torch.maximum(-advantages * ratio, -advantages * ratio.clamp(1 - clip, 1 + clip))


def value_errors(
    values: Tensor, old: Tensor, returns: Tensor, mask: Tensor, clip: float | None, level: ValueLevel
) -> tuple[Tensor, Tensor]:
    """(V - R)^2 and (V_clip - R)^2, where V_clip is at most eps away from the value of then; both in the shape of the returns.

    `values`, `old`: (B, T) of the tokens; `returns`: (B, T), or (B, 1) by actions.
    """
    near = values if clip is None else old + (values - old).clamp(-clip, clip)
    return (at_level(values, mask, level) - returns).square(), (at_level(near, mask, level) - returns).square()


def value_losses(values: Tensor, old: Tensor, returns: Tensor, mask: Tensor, clip: float | None, level: ValueLevel) -> Tensor:
    """The mean of half the larger error of each action: (B,)."""
    return mean_over(torch.maximum(*value_errors(values, old, returns, mask, clip, level)), mask[:, : returns.shape[1]]) / 2


def ppo_losses(
    now: Choice,
    old: Choice,
    reference: Tensor,
    advantages: Tensor,
    returns: Tensor,
    mask: Tensor,
    of: Coefficients,
) -> Losses:
    """L = L_policy + c_v L_value + beta KL(pi || ref) - c_e H. `advantages`, `returns`: (B, T), or (B, 1) by actions."""
    ratio = ratios(now.logprobs, old.logprobs, mask, of.importance)
    policy = mean_over(policy_losses(ratio, advantages, of.clip), mask)
    value = value_losses(now.values, old.values, returns, mask, of.value_clip, of.level)
    kl = mean_over(exact_kl(ratio, now.logprobs, reference), mask)
    entropy = mean_over(now.entropy, mask)
    return Losses(policy + of.value * value + of.kl * kl - of.entropy * entropy, policy, value, kl, entropy)


@torch.no_grad()
def ppo_statistics(now: Choice, old: Choice, advantages: Tensor, returns: Tensor, mask: Tensor, of: Coefficients) -> dict[str, float]:
    """How far the minibatch is from the policy that played, under the names of trl. A clip counts where it changes the loss."""
    ratio = ratios(now.logprobs, old.logprobs, mask, of.importance)
    difference = now.logprobs - old.logprobs
    clipped = policy_losses(ratio, advantages, of.clip) > -advantages * ratio
    plain, held = value_errors(now.values, old.values, returns, mask, of.value_clip, of.level)
    return {
        "policy/clipfrac_avg": mean_over(clipped.float(), mask).mean().item(),
        "policy/approxkl_avg": mean_over(difference.square() / 2, mask).mean().item(),
        "policy/policykl_avg": mean_over(difference, mask).mean().item(),
        "objective/entropy": mean_over(now.entropy, mask).mean().item(),
        "val/clipfrac_avg": mean_over((held > plain).float(), mask[:, : returns.shape[1]]).mean().item(),
        "val/ratio": mean_over(ratio, mask).mean().item(),
    }


def explained_variance(values: Tensor, returns: Tensor) -> float:
    """1 - var(R - V) / var(R): 1 where the values tell everything, 0 where they tell no more than their mean or all returns are equal."""
    spread = returns.var() if len(returns) > 1 else returns.new_zeros(())
    return float(1 - (returns - values).var() / spread) if float(spread) > 0 else 0.0


# ---------------------------------------------------------------------------------------------------------------------
# The algorithm


@dataclass(frozen=True)
class PPO(Algorithm):
    """`kl`: the two coefficients, which may adapt."""

    credit: Credit
    of: Coefficients
    whitening: Whitening
    kl: KLCoefficients
    title = "PPO"
    targets: ClassVar[tuple[str, ...]] = ("advantages", "returns")
    columns = COLUMNS | {"reference": 2, "advantages": 2, "returns": 2}

    @property
    def needs_reference(self) -> bool:
        return self.kl.used

    def weighed(self, *, entropy: float | None = None, value: float | None = None) -> Self:
        of = self.of if entropy is None else replace(self.of, entropy=entropy)
        return replace(self, of=of if value is None else replace(of, value=value))

    def prepare(self, played: Played, reference: Tensor) -> tuple[Rows, Told]:
        then = played.choice
        rewards = token_rewards(played.score, then.logprobs, reference, played.mask, self.kl.reward)
        advantages = advantages_of(played, rewards, self.credit)
        values = at_level(then.values, played.mask, self.credit.level)
        returns, there = advantages + values, played.mask[:, : advantages.shape[1]]
        told = {
            "objective/non_score_reward": (rewards.sum(dim=1) - played.score).mean().item(),
            "val/explained_variance": explained_variance(values[there], returns[there]),
        }
        if self.kl.used:
            told["objective/kl"] = sampled_kl(then.logprobs, reference, played.mask).mean().item()
            self.kl.hear("reward", told["objective/kl"], len(played.score))
        if self.whitening == "all":
            advantages = whitened(advantages, there, "all")
        return {**rows_of(played), "reference": reference, "advantages": advantages, "returns": returns}, told

    def losses(self, now: Choice, rows: Rows) -> tuple[Tensor, Told]:
        mask, advantages = rows["mask"], rows["advantages"]
        if self.whitening in ("single", "batch"):
            advantages = whitened(advantages, mask[:, : advantages.shape[1]], self.whitening)
        old = Choice(rows["logprobs"], now.entropy, rows["values"])
        of = replace(self.of, kl=self.kl.loss)
        losses = ppo_losses(now, old, rows["reference"], advantages, rows["returns"], mask, of)
        told = ppo_statistics(now, old, advantages, rows["returns"], mask, of)
        return losses.total, told | means(policy=losses.policy, value=losses.value, kl=losses.kl)

    def stepped(self, told: Told, count: int) -> None:
        self.kl.hear("loss", told["loss/kl_avg"], count)
