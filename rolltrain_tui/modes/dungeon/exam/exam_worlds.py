"""Where a campaign's player is examined: in unseen worlds of the kind that it trains in, or in games of TextWorld's."""

from contextlib import suppress
from pathlib import Path

from rolltrain_tui.modes.dungeon.config import DungeonConfig
from rolltrain_tui.modes.dungeon.config_optional import TextWorldConfig
from rolltrain_tui.modes.dungeon.exam.exam import Exam
from rolltrain_tui.modes.dungeon.worlds.protocol import Maker, World

TRIES, FURTHER = 20, 10_000_000


def exam_of(config: DungeonConfig, maker: Maker) -> Exam:
    """`maker`: of the worlds of training. ValueError where TextWorld is asked for and not installed."""
    unseen = maker if config.textworld is None else textworlds(config.textworld)
    return Exam(maker, config.world.limit, config.exam.measure, unseen)


def textworlds(own: TextWorldConfig) -> Maker:
    """Games in the house's style. Each is made once on a machine, and kept where the system keeps what can be made again."""
    import platformdirs

    from rolltrain_tui.modes.dungeon.worlds.textworld import TextWorlds

    folder = Path(platformdirs.user_cache_dir("rolltrain", appauthor=False)) / "textworld"
    level = {} if own.level is None else {"level": own.level}
    return Willing(TextWorlds(own.game, folder=folder, style="house", **level))


class Willing:
    """A `Maker` that takes another seed where TextWorld can make no game of that level from the one it is given."""

    def __init__(self, maker: Maker) -> None:
        self._maker = maker
        self.vocabulary = maker.vocabulary

    def __call__(self, seed: int) -> World:
        """ValueError where none of TRIES seeds will do."""
        for attempt in range(TRIES - 1):
            with suppress(ValueError):
                return self._maker(seed + attempt * FURTHER)
        return self._maker(seed + (TRIES - 1) * FURTHER)
