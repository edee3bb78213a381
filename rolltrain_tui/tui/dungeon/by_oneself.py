"""To the dungeon by oneself: adventures in any world, where nothing is trained. It loads no torch."""

import secrets

from rolltrain_tui.modes.dungeon.table.outing import Outing
from rolltrain_tui.modes.dungeon.worlds.built_in import BuiltIn
from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings
from rolltrain_tui.tui.dungeon.play import DungeonScreen


def by_oneself() -> DungeonScreen:
    """Adventures that begin anywhere."""
    return DungeonScreen(Outing(BuiltIn(WorldSettings()), secrets.randbelow(10_000)))
