"""From a campaign to a race: the player and the model of this turn in a world where neither has been."""

from collections.abc import Callable

from rolltrain_tui.modes.dungeon.learner import DungeonLearner
from rolltrain_tui.modes.dungeon.table.model_mind import ModelMind
from rolltrain_tui.modes.dungeon.table.outing import Outing
from rolltrain_tui.tui.dungeon.play import DungeonScreen


def sit(learner: DungeonLearner, when: str) -> Callable[[], DungeonScreen]:
    """Called between two turns: the model is copied. Seeds from the number of training worlds on are unseen ones."""
    maker, mind, seed = learner.maker, ModelMind(learner, when), learner.config.world.count + learner.clock
    return lambda: DungeonScreen(Outing(maker, seed, mind, teaches=True))
