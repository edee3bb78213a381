"""What a monster is: its numbers, what it does to the training, and the symptoms that bring it."""

from collections.abc import Mapping
from dataclasses import dataclass

from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.rules.health.signals import Side
from rolltrain_tui.rules.hero.hero_class import Stat

Sign = tuple[str, Side]
"""A signal, and the bound that it is beyond."""


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
    """The signal that the symptom and the hit points follow. It is measured every turn or at every examination."""
    side: Side
    hold: int
    """The monster comes after this many measurements in a row with the symptom. It leaves after half as many healthy ones."""
    also: tuple[Sign, ...] = ()
    """Signals that must be sick at the same time."""
    unless: tuple[Sign, ...] = ()
    """No symptom while one of these is sick, since the trouble is another then."""
    at_once: bool = False
    """It counts during scouting too, since no healthy run shows it, however young."""
    unscouted: bool = False
    """It counts only where no scouts go out: they judge the size of the steps better than this signal."""

    @property
    def signs(self) -> tuple[Sign, ...]:
        return ((self.signal, self.side), *self.also)

    @property
    def release(self) -> int:
        """Healthy measurements in a row after which the monster leaves."""
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
    """When it comes, the hero drops to 0 HP."""
    original: bool = False
    """One of Roll-to-Train's own, which the drop-in class of that name lets come."""
    summary: str
    weak_to: str
    portrait: tuple[str, ...]
    ailment: str = ""
    """What ails the run, half a sentence for the hint, where the monster is a mode's."""
    orders: tuple[tuple[str, str], ...] = ()
    """The mode's dials that help, each with its value, best first."""

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
