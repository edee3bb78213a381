"""A trained model as a rival of the player."""

import pytest
import torch
from support.small_learners import dungeon_learner

from rolltrain_tui.modes import MODES
from rolltrain_tui.modes.dungeon.learner import DungeonLearner
from rolltrain_tui.modes.dungeon.table.model_mind import ModelMind
from rolltrain_tui.modes.dungeon.table.rival import Rival
from rolltrain_tui.protocol.effects import NEUTRAL
from rolltrain_tui.tui.dungeon.sit import sit


@pytest.fixture(scope="module")
def learner() -> DungeonLearner:
    return dungeon_learner()


def test_the_probabilities_are_the_policy_and_stay_while_training_goes_on(learner: DungeonLearner) -> None:
    mind, world = ModelMind(learner, "turn 0"), learner.maker(9)
    seen = world.reset()
    policy = learner.look(learner.reading.offers([seen])).logits[0].exp()
    before = mind.probabilities(world, seen)
    assert before == pytest.approx(policy[: len(seen.admissible)].tolist(), rel=1e-5)
    assert sum(before) == pytest.approx(1)
    learner.step(NEUTRAL)
    assert mind.probabilities(world, seen) == before
    assert learner.look(learner.reading.offers([seen])).logits[0].exp()[0].item() != before[0]


def test_a_model_whose_weights_have_burst_plays_on_at_random(learner: DungeonLearner) -> None:
    mind, world = ModelMind(learner, "turn 0"), learner.maker(9)
    for weights in mind._player.parameters():
        weights.data.fill_(torch.nan)
    rival = Rival(mind, world)
    assert rival.move() is not None
    assert len(set(mind.probabilities(world, rival.seen))) == 1


def test_a_campaign_sits_down_to_a_race_in_an_unseen_world(learner: DungeonLearner) -> None:
    assert MODES["dungeon"].sitting == f"{sit.__module__}:{sit.__name__}"
    outing = sit(learner, "turn 1")().outing
    assert outing.sitting.world.seed >= learner.config.world.count
    assert outing.rival is not None
    assert outing.rival.mind.name == "the model of turn 1"
