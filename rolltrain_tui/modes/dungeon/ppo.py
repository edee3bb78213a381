"""Proximal policy optimisation (Schulman et al., 2017), as far as it is arithmetic: the losses of a minibatch.

Shapes: B actions, T tokens. An action is one decision (a command among those on offer: T = 1) or a row of written words. `mask` (B, T)
is true where there is a token. A loss is the mean over each action's tokens, and then over all actions of the minibatch.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.advantages import ValueLevel, at_level, mean_over
from rolltrain_tui.modes.dungeon.kl import exact_kl

Importance = Literal["token", "sequence"]
"""token: each token by its own ratio; sequence: all tokens of an action by the ratio of the whole action."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a policy says about actions that were taken."""

    logprobs: Tensor
    """(B, T) of the tokens that were chosen."""
    entropy: Tensor
    """(B, T) of the choice at each of these tokens: neither prompt nor padding counts."""
    values: Tensor
    """(B, T) before each token."""


@dataclass(frozen=True, slots=True)
class Losses:
    """Of each action, (B,) each: what a minibatch minimises is the mean of `total`."""

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
    kl: float
    entropy: float
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
    """1 - var(R - V) / var(R): 1 where the values tell everything, 0 where they tell no more than their mean. NaN of equal returns."""
    spread = returns.var()
    return float(1 - (returns - values).var() / spread) if float(spread) > 0 else float("nan")
