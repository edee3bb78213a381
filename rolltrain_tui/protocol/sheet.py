"""The character sheet: what events say of the hero, always whole."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Charge:
    """The uses of one ability. `left` and `most` are None when it has no limit; `recharge` is "short", "long" or ""."""

    ability: str
    left: int | None
    most: int | None
    recharge: str
    auto: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The hero at one moment."""

    name: str = ""
    hero_class: str = ""
    level: int = 1
    proficiency: int = 2
    stats: tuple[tuple[str, int], ...] = ()
    """Ability scores in the rulebook's order: ("STR", 16), ..."""
    modifier: int = 0
    """What INT adds to the turn's roll."""
    hp: int = 0
    max_hp: int = 0
    xp: int = 0
    next_level_xp: int = 0
    """Total XP at which the next level begins."""
    expected_k: float = 0.0
    """Mean k of one roll, without abilities."""
    charges: tuple[Charge, ...] = ()
    choices: int = 0
    """Ability scores that the player may raise now."""
    deaths: int = 0


BLANK = Sheet()
"""No hero is known yet."""
