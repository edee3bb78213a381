"""Generalized advantage estimation (Schulman et al., 2016), and returns, of actions that are made of tokens.

Shapes: B actions, T tokens of the longest of them, M moves of a game, N moves that were played. `mask` (B, T) is true where an action has
a token; an action's tokens come first, and each has at least one.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.games.play import Played

ValueLevel = Literal["token", "actionFirst", "actionAvg"]
"""token: each token has a value and an advantage of its own. actionFirst, actionAvg: an action has one, of its first token or the mean."""
Whitening = Literal["none", "single", "batch", "all"]
"""single: the tokens of each action by themselves; batch: those of a minibatch; all: those of everything that was played."""


def last_of(mask: Tensor) -> Tensor:
    """The place of each action's last token: (B,)."""
    return mask.sum(dim=1) - 1


def mean_over(values: Tensor, mask: Tensor) -> Tensor:
    """The mean over each action's own tokens: (B,)."""
    return (values * mask).sum(dim=1) / mask.sum(dim=1)


def at_level(values: Tensor, mask: Tensor, level: ValueLevel) -> Tensor:
    """Numbers of tokens as the level counts them: (B, T) as they are, or (B, 1), of the first token or the mean of all."""
    if level == "token":
        return values
    return mean_over(values, mask)[:, None] if level == "actionAvg" else values[:, :1]


def action_value(values: Tensor, mask: Tensor, level: ValueLevel) -> Tensor:
    """What an action is worth to the one before it: the value of its first token, or of actionAvg the mean. (B, T) -> (B,)."""
    return at_level(values, mask, level)[:, 0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """How rewards are credited to what came before them."""

    level: ValueLevel
    gamma: float
    """Discount from a token to the next, the first of the next action too."""
    gamma_step: float
    """Discount from an action to the next, on top of gamma."""
    lam: float
    """Trace from a token to the one before it, inside an action."""
    lam_step: float
    """Trace from an action to the one before it; 0: an action looks at the next one's value only."""


def action_advantages(
    rewards: Tensor,
    values: Tensor,
    mask: Tensor,
    next_value: Tensor,
    of: Credit,
    *,
    carried: Tensor | None = None,
    baseline: Tensor | None = None,
) -> Tensor:
    """Advantages: (B, T) by tokens, (B, 1) by actions. Without a `baseline` of its own, the return is the advantage plus the value.

    `next_value` (B,): `action_value` of the next action, 0 where the game is over. `carried` (B,): its advantage, as far as it is traced.
    `baseline` (B, T): what is taken off in place of the values.
    """
    level, gamma, gamma_step, lam = of.level, of.gamma, of.gamma_step, of.lam
    own = values if baseline is None else baseline
    onward = torch.zeros_like(next_value) if carried is None else carried
    if level != "token":
        powers = gamma ** torch.arange(rewards.shape[1], dtype=rewards.dtype, device=rewards.device)
        gained = (rewards * powers * mask).sum(dim=1)
        return (gained + gamma * gamma_step * (next_value + onward) - action_value(own, mask, level))[:, None]
    ends = last_of(mask)
    found, later, later_value = [], onward, next_value
    for t in reversed(range(rewards.shape[1])):
        end = ends == t
        discount = torch.where(end, gamma * gamma_step, gamma)
        trace = torch.where(end, 1.0, lam)  # lambda is in `carried` already
        later, later_value = torch.where(end, onward, later), torch.where(end, next_value, later_value)
        delta = rewards[:, t] + discount * later_value - own[:, t]
        later, later_value = delta + discount * trace * later, values[:, t]
        found.append(later)
    return torch.stack(found[::-1], dim=1) * mask


def game_advantages(
    rewards: Tensor,
    values: Tensor,
    mask: Tensor,
    over: Tensor,
    last_value: Tensor,
    of: Credit,
    *,
    baseline: Tensor | None = None,
) -> Tensor:
    """Advantages of games in their order: (B, M, T), or (B, M, 1) by actions.

    rewards, values, mask and baseline (B, M, T); over (B, M); last_value (B,): of the action after the last. See `action_advantages`.
    """
    found: list[Tensor] = []
    value, advantage = last_value, torch.zeros_like(last_value)
    for m in reversed(range(rewards.shape[1])):
        goes_on = (~over[:, m]).to(rewards.dtype)
        own, there = values[:, m], mask[:, m]
        carried = of.lam_step * advantage * goes_on
        less = None if baseline is None else baseline[:, m]
        found.append(action_advantages(rewards[:, m], own, there, value * goes_on, of, carried=carried, baseline=less))
        value, advantage = action_value(own, there, of.level), found[-1][:, 0]
    return torch.stack(found[::-1], dim=1)


def advantages_of(played: Played, rewards: Tensor, of: Credit, *, baseline: Tensor | None = None) -> Tensor:
    """`game_advantages` of what was played, one row a move: (N, T), or (N, 1) by actions. rewards and baseline are (N, T)."""
    r, v, mask, over = map(played.table, (rewards, played.choice.values, played.mask, played.over))
    less = None if baseline is None else played.table(baseline)
    return played.rows(game_advantages(r, v, mask, over, played.last_value, of, baseline=less))


def step_returns(rewards: Tensor, over: Tensor, gamma_step: float) -> tuple[Tensor, Tensor]:
    """Discounted rewards from each move to the end of its game, (B, M); and whether that end was played: (B, M) bool."""
    later, ends = torch.zeros_like(rewards[:, 0]), torch.zeros_like(over[:, 0])
    found, finished = [], []
    for m in reversed(range(rewards.shape[1])):
        later = rewards[:, m] + gamma_step * torch.where(over[:, m], 0.0, later)
        ends = ends | over[:, m]
        found.append(later)
        finished.append(ends)
    return torch.stack(found[::-1], dim=1), torch.stack(finished[::-1], dim=1)


def returns_of(played: Played, gamma_step: float) -> Tensor:
    """`step_returns` of what was played, one row a move: (N,)."""
    returns, _ = step_returns(played.table(played.score), played.table(played.over), gamma_step)
    return played.rows(returns)


def whitened(advantages: Tensor, mask: Tensor, scope: Whitening) -> Tensor:
    """(A - mean) / sqrt(var + 1e-6), with the variance over n - 1; (B, T).

    A single number has no spread: whitened alone it is 0, its own mean, and not lost from the mean of a batch.
    """
    if scope == "none":
        return advantages
    dims = 1 if scope == "single" else (0, 1)
    count = mask.sum(dim=dims, keepdim=True)
    mean = (advantages * mask).sum(dim=dims, keepdim=True) / count
    away = (advantages - mean) * mask
    variance = away.square().sum(dim=dims, keepdim=True) / (count - 1).clamp(min=1)
    return away * torch.rsqrt(variance + 1e-6)
