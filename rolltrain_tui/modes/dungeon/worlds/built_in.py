"""The maker of built-in worlds."""

from dataclasses import dataclass

from rolltrain_tui.modes.dungeon.worlds.adventure import Adventure
from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings
from rolltrain_tui.modes.dungeon.worlds.words import vocabulary


@dataclass(frozen=True)
class BuiltIn:
    """Built-in worlds of one kind; called with a seed, it makes the world. It follows `Maker`."""

    settings: WorldSettings

    def __call__(self, seed: int) -> Adventure:
        return Adventure(self.settings, seed)

    @property
    def vocabulary(self) -> tuple[str, ...]:
        return vocabulary(self.settings.theme)
