"""Rewards of a move, by name. A package adds its own by an entry point of the group `rolltrain.rewards`."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from rolltrain_tui.base.blame import whose
from rolltrain_tui.base.registry import Registry, RowError, check_named
from rolltrain_tui.modes.duel.game import Boards
from rolltrain_tui.modes.duel.qlearning import agent_penalty, agent_stall, host_reward

Rule = Callable[[str, Tensor, Tensor, Tensor], Tensor]
"""(role, points before, points after, over) -> the reward of each game. Points are (B, N, d), padding -1; over and rewards are (B,)."""


class RewardError(ValueError):
    """A rule of another package gave what is no reward. The message is for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """What a move is worth to the one who made it."""

    name: str
    """As a campaign file says it: `reward: ending`."""
    rule: Rule


def _ending(role: str, before: Tensor, after: Tensor, over: Tensor) -> Tensor:
    return host_reward(over) if role == "host" else agent_penalty(over)


def _stall(role: str, before: Tensor, after: Tensor, over: Tensor) -> Tensor:
    return host_reward(over) if role == "host" else agent_stall(over)


def _check(name: str, row: object) -> Reward:
    if not isinstance(row, Reward) or not callable(row.rule):
        raise RowError(f"it must be a Reward with a rule that can be called, not a {type(row).__name__}")
    check_named(name, row)
    return row


REWARDS: Registry[Reward] = Registry(
    "rolltrain.rewards", (Reward(name="ending", rule=_ending), Reward(name="stall", rule=_stall)), kind="reward", check=_check
)
"""ending: the host earns 1, and the agent loses 1, where the move ends the game. stall: the agent earns 1 where it does not."""


def rewards_of(name: str, role: str, before: Boards, after: Boards) -> Tensor:
    """(B,) float32. RewardError where the rule gives something else than one finite number for each game."""
    found = REWARDS[name].rule(role, before.padded(), after.padded(), after.ended)
    try:
        rewards = torch.as_tensor(found).detach().to("cpu", torch.float32)
    except (TypeError, ValueError, RuntimeError):
        raise RewardError(f"{whose('reward', name)} gave a {type(found).__name__}; it must give one number for each game") from None
    if rewards.shape != (len(before),):
        raise RewardError(f"{whose('reward', name)} gave {tuple(rewards.shape)} for {len(before)} games; it must give one number for each")
    if not bool(rewards.isfinite().all()):
        raise RewardError(f"{whose('reward', name)} gave a value that is not a finite number; mend that package, or use ending")
    return rewards
