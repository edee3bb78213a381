"""From the name of a saved run to its model as a rival in the dungeon. Loads torch."""

from dataclasses import dataclass
from pathlib import Path

from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.modes.dungeon.config import DungeonConfig
from rolltrain_tui.modes.dungeon.learner import DungeonLearner
from rolltrain_tui.modes.dungeon.table.model_mind import ModelMind
from rolltrain_tui.modes.dungeon.worlds.built_in import BuiltIn
from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings
from rolltrain_tui.runs.open import SavedRun


@dataclass(frozen=True, slots=True)
class SavedMind:
    mind: ModelMind
    settings: WorldSettings
    """The worlds that it was trained in."""
    unseen: int
    """The first seed of worlds that it was not trained in."""


def saved_mind(path: Path) -> SavedMind:
    """The model of a run's latest save, or of a save. ValueError for a run of another kind, SaveError for one that cannot be read."""
    saved = SavedRun.read(path)
    config = saved.config()
    if not isinstance(config, DungeonConfig):
        raise ValueError(f"{printable(path)} is a run of kind {config.kind}, which plays no adventures; name one of kind dungeon")
    campaign = saved.open(config)
    learner = campaign.learner
    assert isinstance(learner, DungeonLearner), "the mode builds no other learner"
    settings = learner.maker.settings if isinstance(learner.maker, BuiltIn) else WorldSettings()
    return SavedMind(ModelMind(learner, f"turn {campaign.turn}"), settings, config.world.count)
