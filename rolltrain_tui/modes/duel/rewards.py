"""Rewards of a move, by name. A package adds its own by an entry point of the group `rolltrain.rewards`."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from rolltrain_tui.base.blame import ForeignError
from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.promises import kept
from rolltrain_tui.base.registry import Registry, RowError, check_named
from rolltrain_tui.modes.duel.game import Boards

Rule = Callable[[str, Tensor, Tensor, Tensor], Tensor]
"""(role, points before, points after, over) -> the reward of each game. Points are (B, N, d), padding -1; over and rewards are (B,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """What a move is worth to the one who made it."""

    name: str
    """As a campaign file says it: `reward: ending`."""
    rule: Rule


def _ending(role: str, before: Tensor, after: Tensor, over: Tensor) -> Tensor:
    """1 for the host's move that ends the game, -1 for the agent's."""
    return over.float() if role == "host" else -over.float()


def _stall(role: str, before: Tensor, after: Tensor, over: Tensor) -> Tensor:
    """1 for the host's move that ends the game, and for every move of the agent's that does not."""
    return over.float() if role == "host" else (~over).float()


def _check(name: str, row: object) -> Reward:
    if not isinstance(row, Reward) or not callable(row.rule):
        raise RowError(f"it must be a rolltrain_tui.plugins.Reward with a rule that can be called, not a {type(row).__name__}")
    check_named(name, row)
    return row


def _held(reward: Reward) -> Reward:
    """Held to go on; `rewards_of` looks at what it gives."""
    return replace(reward, rule=kept(reward.rule, Any, "reward", reward.name, "rule"))


REWARDS: Registry[Reward] = Registry(
    "rolltrain.rewards", (Reward(name="ending", rule=_ending), Reward(name="stall", rule=_stall)), kind="reward", check=_check, held=_held
)
"""ending: the host earns 1, and the agent loses 1, where the move ends the game. stall: the agent earns 1 where it does not."""


def rewards_of(name: str, role: str, before: Boards, after: Boards) -> Tensor:
    """(B,) float32. ForeignError where the rule gives something else than one finite number for each game."""
    found = REWARDS[name].rule(role, before.padded(), after.padded(), after.ended)
    try:
        rewards = torch.as_tensor(found).detach().to("cpu", torch.float32)
    except (TypeError, ValueError, RuntimeError):
        raise ForeignError("reward", name, f"its rule gave a {type(found).__name__}, not one number for each game") from None
    if rewards.shape != (len(before),):
        raise ForeignError(
            "reward", name, f"its rule gave {tuple(rewards.shape)} for {counted(len(before), 'game')}, not one number for each"
        )
    if not bool(rewards.isfinite().all()):
        raise ForeignError("reward", name, "its rule gave a value that is not a finite number")
    return rewards
