"""The six hero classes under the names of the original's quick start: Wizard(level=1)."""

from dataclasses import dataclass
from typing import ClassVar

from rolltrain_tui.rules.abilities import ABILITIES
from rolltrain_tui.rules.classes import CLASSES, STATS
from rolltrain_tui.rules.levels import TOP_LEVEL

_ARRAY = (15, 14, 13, 12, 10, 8)
"""Ability scores of a new character: the class's own first, then CON, DEX, STR, WIS, CHA."""
_ORDER = ("CON", "DEX", "STR", "WIS", "CHA", "INT")


@dataclass(frozen=True, slots=True)
class Character:
    """A hero's class, level and name. ValueError for a level that does not exist."""

    level: int = 1
    name: str = ""
    hero_class: ClassVar[str] = ""

    def __post_init__(self) -> None:
        if not isinstance(self.level, int) or not 1 <= self.level <= TOP_LEVEL:
            raise ValueError(f"level must be a whole number from 1 to {TOP_LEVEL}, not {self.level!r}")

    def stats(self, intelligence: int) -> dict[str, int]:
        """Ability scores with this INT; the roll's modifier comes from it."""
        primary = CLASSES[self.hero_class].primary
        order = [primary, *(stat for stat in _ORDER if stat != primary)]
        scores = dict(zip(order, _ARRAY, strict=True)) | {"INT": intelligence}
        return {stat: scores[stat] for stat in STATS}

    @property
    def passives(self) -> list[str]:
        """Abilities that trigger by themselves, as all abilities of the original do."""
        return [name for name, ability in ABILITIES.items() if ability.hero_class == self.hero_class and ability.passive]


class Barbarian(Character):
    """Larger updates."""

    hero_class: ClassVar[str] = "barbarian"


class Wizard(Character):
    """Rule over the learning rate."""

    hero_class: ClassVar[str] = "wizard"


class Rogue(Character):
    """Picks coordinates and examples."""

    hero_class: ClassVar[str] = "rogue"


class Fighter(Character):
    """No turn lost, and extra steps."""

    hero_class: ClassVar[str] = "fighter"


class Cleric(Character):
    """Heals the weights, and goes back to the best."""

    hero_class: ClassVar[str] = "cleric"


class Paladin(Character):
    """Harder hits, larger batches, capped updates."""

    hero_class: ClassVar[str] = "paladin"
