"""What a monster is: its numbers at the table, its power over the training, and the symptoms that bring it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.rules.hero_class import Stat

Side = Literal["low", "high"]
Sign = tuple[str, Side]
"""A signal, and the end of its healthy range that it is beyond."""


@dataclass(frozen=True, slots=True)
class Affliction:
    """What a monster's power does to the training, and for how many turns. `words` tells the player."""

    effect: StepEffect
    turns: int
    words: str
    disadvantage: bool = False
    """The turn's roll is the lower of two dice."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """What brings a diagnosed monster, and what its hit points are made of."""

    signal: str
    """Its own signal. It is heard every turn or at every examination, and so is the symptom."""
    side: Side
    hold: int
    """It comes when the symptom has been there this many hearings in a row; it goes when half as many in a row were healthy."""
    also: tuple[Sign, ...] = ()
    """Sick at the same time."""
    unless: tuple[Sign, ...] = ()
    """Not when one of these is: then the trouble is another."""
    at_once: bool = False
    """No healthy run shows it, however young: it brings its monster while others are still being scouted for."""

    @property
    def signs(self) -> tuple[Sign, ...]:
        return ((self.signal, self.side), *self.also)

    @property
    def release(self) -> int:
        """Healthy hearings in a row after which it goes."""
        return (self.hold + 1) // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Monster:
    """One kind of monster. Its difficulty class and XP follow from its challenge rating."""

    name: str
    title: str
    challenge: str
    """As printed: "1/2", "3"."""
    hp: int
    armour_class: int
    attack: str
    save_stat: Stat
    damage_die: int
    """HP damage of a failed saving throw; half of it on a success."""
    lull: int
    recharge: int
    """More than 6: it never acts."""
    failed: Affliction
    saved: Affliction
    symptoms: tuple[Symptom, ...] = ()
    """Any of them brings it, where monsters are diagnosed."""
    fells: bool = False
    """Its coming alone leaves the hero at 0 HP."""
    original: bool = False
    """One of Roll-to-Train's own, which the drop-in class of that name lets come."""
    summary: str
    weak_to: str
    portrait: tuple[str, ...]

    @property
    def rating(self) -> int:
        """The challenge rating as a whole number, fractions rounded down."""
        return 0 if "/" in self.challenge else int(self.challenge)

    @property
    def proficiency(self) -> int:
        return 2 + max(0, self.rating - 1) // 4

    @property
    def save_dc(self) -> int:
        return 8 + self.proficiency + self.rating

    @property
    def xp(self) -> int:
        return XP_BY_CHALLENGE[self.challenge]


XP_BY_CHALLENGE: Mapping[str, int] = {"1/2": 100, "1": 200, "2": 450, "3": 700, "4": 1100, "5": 1800, "8": 3900}
