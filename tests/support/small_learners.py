"""Small learners of the shipped campaigns, and what they keep."""

import torch

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.duel.learner import DuelLearner
from rolltrain_tui.modes.dungeon.learner import DungeonLearner
from rolltrain_tui.training.levered_learner import LeveredLearner
from support.paths import CAMPAIGNS, DUEL, DUNGEON


def dungeon_learner(*overrides: str) -> DungeonLearner:
    made = build(load(CAMPAIGNS / "dungeon_first.yaml", (*DUNGEON, *overrides)), base=CAMPAIGNS)
    assert isinstance(made, DungeonLearner)
    return made


def duel_learner(*overrides: str) -> DuelLearner:
    made = build(load(CAMPAIGNS / "duel_first.yaml", (*DUEL, *overrides)), base=CAMPAIGNS)
    assert isinstance(made, DuelLearner)
    return made


def same(one: LeveredLearner, other: LeveredLearner) -> bool:
    """Everything that is saved is equal, bit for bit."""
    x, y = one.tensors(), other.tensors()
    return x.keys() == y.keys() and all(torch.equal(x[name], y[name]) for name in x) and one.state_dict() == other.state_dict()
