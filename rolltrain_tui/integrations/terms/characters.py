"""The six hero classes under the names of the original's quick start: Wizard(level=1). What each ability costs: `rolltrain codex rage`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from rolltrain_tui.integrations.terms.keywords import meant, plain_number
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.classes import CLASSES, STATS
from rolltrain_tui.rules.hero.levels import TOP_LEVEL

_ARRAY = (15, 14, 13, 12, 10, 8)
"""Ability scores of a new character: the class's own first, then CON, DEX, STR, WIS, CHA."""
LONGEST_NAME = 24
_ORDER = ("CON", "DEX", "STR", "WIS", "CHA", "INT")


@dataclass(frozen=True, slots=True)
class Character:
    """A hero's class, level and name. ValueError for a level that does not exist."""

    level: int = 1
    name: str = ""
    hero_class: ClassVar[str] = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", plain_number(self.level))
        if isinstance(self.level, bool) or not isinstance(self.level, int) or not 1 <= self.level <= TOP_LEVEL:
            raise ValueError(f"level must be a whole number from 1 to {TOP_LEVEL}, not {self.level!r}")

        if not isinstance(self.name, str) or len(self.name) > LONGEST_NAME:
            raise ValueError(f"a hero's name has at most {LONGEST_NAME} characters, not {len(str(self.name))}: {self.name!r}")

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
    """Longer steps, for a learning rate that is too small.

    Rage: updates x 1.5, the clip threshold x 2, no weight decay. Reckless Attack: hits count double, on half a batch.
    """

    hero_class: ClassVar[str] = "barbarian"


class Wizard(Character):
    """Rules over the learning rate, for a run that bounces or crawls.

    Arcane Recovery: a warm restart along half a cosine, from x 1.5 down. Spell Mastery: updates x the cantrip's k until you let it go.
    """

    hero_class: ClassVar[str] = "wizard"


class Rogue(Character):
    """Picks coordinates and examples; found to help or to be neutral in slow, tuned and hot runs.

    Sneak Attack: longer updates where they agree with the gradient. Cunning Action: an extra half step, no momentum, or no worst examples.
    """

    hero_class: ClassVar[str] = "rogue"


class Fighter(Character):
    """Makes sure that every turn trains, and that some train twice.

    Second Wind: half a step where the roll gave less, or no low rolls for 3 turns. Action Surge: a second optimiser step on a fresh batch.
    """

    hero_class: ClassVar[str] = "fighter"


class Cleric(Character):
    """Looks back at where the weights have been, for a run that moves around a better place.

    Healing Word: weights move towards their running average. Divine Intervention: back to the best of the last 8 evaluations.
    """

    hero_class: ClassVar[str] = "cleric"


class Paladin(Character):
    """Keeps the measure, for a run whose gradient is noisy.

    Divine Smite: a larger update on a good roll. Aura of Protection: no fumbles, capped updates, and Stand Firm for a batch x 4.
    """

    hero_class: ClassVar[str] = "paladin"


CHARACTERS: Mapping[str, type[Character]] = {kind.hero_class: kind for kind in (Barbarian, Wizard, Rogue, Fighter, Cleric, Paladin)}


def character_of(who: Character | type[Character] | str | None) -> Character | None:
    """A character from one, from its class or from the class's name: Wizard(level=1), Wizard or "wizard". TypeError and ValueError."""
    if who is None or isinstance(who, Character):
        return who
    if isinstance(who, type) and issubclass(who, Character) and who.hero_class:
        return who()
    if isinstance(who, str):
        if (kind := CHARACTERS.get(who.strip().lower())) is not None:
            return kind()
        raise ValueError(f"character_class must be one of {', '.join(CHARACTERS)}, not {who!r}{meant(who.lower(), CHARACTERS)}")
    raise TypeError(f"character_class must be one of rolltrain's, such as Wizard(level=1), Wizard or 'wizard', not {who!r}")
