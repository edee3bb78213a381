"""Group relative policy optimisation (Shao et al., 2024), with the names of trl's GRPOConfig.

Several games are played in the same world; a game's advantage is its reward less the mean of its group, and all of its moves share it.
No value is learned. Where trl has the tokens of a completion, here are the moves of a game.

Shapes: N moves, G games, T tokens of an action.
"""

from dataclasses import dataclass, replace
from typing import Literal, Self

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.algorithms.advantages import mean_over
from rolltrain_tui.modes.dungeon.algorithms.algorithm import Algorithm, Rows, Told, means
from rolltrain_tui.modes.dungeon.games.play import COLUMNS, Played, rows_of
from rolltrain_tui.modes.dungeon.player.choice import Choice

LossType = Literal["grpo", "dapo", "dr_grpo"]
"""grpo: each game counts as much as any other; dapo: each move does; dr_grpo: each move, over the most moves that a game may have."""
Scale = Literal["group", "batch", "none"]
"""What a game's advantage is divided by: the spread of its group, of all games, or nothing."""


def group_advantages(rewards: Tensor, group: int, scale: Scale) -> Tensor:
    """(R - mean of the group) / (spread + 1e-4), spread over n - 1; games of a group stand side by side: (G,) -> (G,)."""
    by_group = rewards.view(-1, group)
    away = by_group - by_group.mean(dim=1, keepdim=True)
    if scale == "group":
        away = away / (by_group.std(dim=1, keepdim=True) + 1e-4)
    elif scale == "batch":
        away = away / (rewards.std() + 1e-4)
    return away.flatten()


def move_weights(lengths: Tensor, game: Tensor, kind: LossType, limit: int) -> Tensor:
    """How much each move counts, so that the mean over all moves is the loss of that kind: lengths (G,), game (N,) -> (N,)."""
    count, games = len(game), len(lengths)
    if kind == "grpo":
        return count / (games * lengths[game].float())
    return torch.full((count,), count / (games * limit) if kind == "dr_grpo" else 1.0)


@dataclass(frozen=True)
class GRPO(Algorithm):
    num_generations: int
    beta: float
    """Weight of the distance from the reference."""
    epsilon: float
    epsilon_high: float | None
    """None: epsilon."""
    delta: float | None
    """The most that a ratio may be, also where an advantage is negative; None: no bound."""
    loss_type: LossType
    scale_rewards: Scale
    importance_sampling_level: Literal["token", "sequence"]
    """sequence: the tokens of a command share the geometric mean of their ratios (GSPO)."""
    entropy_coef: float
    limit: int
    title = "GRPO"
    whole = True
    targets = ("advantages",)
    columns = COLUMNS | {"reference": 2, "advantages": 1, "weights": 1}

    @property
    def group(self) -> int:
        return self.num_generations

    @property
    def needs_reference(self) -> bool:
        return self.beta > 0

    def weighed(self, *, entropy: float | None = None, value: float | None = None) -> Self:
        return self if entropy is None else replace(self, entropy_coef=entropy)

    def prepare(self, played: Played, reference: Tensor) -> tuple[Rows, Told]:
        games = len(played.last_value)
        rewards = torch.zeros(games).index_add(0, played.game, played.score)
        lengths = torch.bincount(played.game, minlength=games)
        spread = rewards.view(-1, self.group).std(dim=1)
        told = {
            "reward": rewards.mean().item(),
            "reward_std": spread.mean().item(),
            "frac_reward_zero_std": (spread < 1e-6).float().mean().item(),
            "completions/mean_length": lengths.float().mean().item(),
        }
        advantages = group_advantages(rewards, self.group, self.scale_rewards)[played.game]
        weights = move_weights(lengths, played.game, self.loss_type, self.limit)
        return {**rows_of(played), "reference": reference, "advantages": advantages, "weights": weights}, told

    def losses(self, now: Choice, rows: Rows) -> tuple[Tensor, Told]:
        """-min(rho A, clamp(rho) A) + beta KL - c_e H, with KL = ref / pi - log(ref / pi) - 1 of each token."""
        mask, advantages = rows["mask"], rows["advantages"][:, None]
        difference = (now.logprobs - rows["logprobs"]) * mask
        if self.importance_sampling_level == "sequence":
            difference = mean_over(difference, mask)[:, None].expand_as(difference)
        ratio = difference.exp()
        high = 1 + (self.epsilon if self.epsilon_high is None else self.epsilon_high)
        bounded = ratio if self.delta is None else ratio.clamp(max=self.delta)
        clipped = ratio.clamp(1 - self.epsilon, high)
        policy = mean_over(-torch.minimum(bounded * advantages, clipped * advantages), mask)
        away = rows["reference"] - now.logprobs
        kl = mean_over(away.exp() - away - 1, mask)
        entropy = mean_over(now.entropy, mask)
        total = (policy + self.beta * kl - self.entropy_coef * entropy) * rows["weights"]
        low_clip, high_clip = ((ratio < 1 - self.epsilon) & (advantages < 0)), ((ratio > high) & (advantages > 0))
        told = {
            "objective/entropy": entropy.detach().mean().item(),
            "policy/approxkl_avg": mean_over(difference.detach().square() / 2, mask).mean().item(),
            "clip_ratio/low_mean": mean_over(low_clip.float(), mask).mean().item(),
            "clip_ratio/high_mean": mean_over(high_clip.float(), mask).mean().item(),
            "clip_ratio/region_mean": mean_over((low_clip | high_clip).float(), mask).mean().item(),
        }
        if self.needs_reference:
            told["kl"] = kl.detach().mean().item()
        return total, told | means(policy=policy)
