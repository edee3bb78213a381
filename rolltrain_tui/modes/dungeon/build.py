"""From a campaign to the learner it describes."""

from pathlib import Path

from rolltrain_tui.base.allocator import tune_allocator
from rolltrain_tui.modes.dungeon.config import DungeonConfig
from rolltrain_tui.modes.dungeon.learner import DungeonLearner


def build(config: DungeonConfig, *, base: Path) -> DungeonLearner:
    """The learner of a campaign, which reads no files but those of section hf.

    Raises ValueError, in words, for worlds, models and devices that are not there.
    """
    tune_allocator()
    return DungeonLearner(config, base)
