"""What a hero class is: the row that the player chooses from."""

from dataclasses import dataclass
from typing import Literal

Stat = Literal["STR", "DEX", "CON", "INT", "WIS", "CHA"]
STATS: tuple[Stat, ...] = ("STR", "DEX", "CON", "INT", "WIS", "CHA")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeroClass:
    """One class. `motto` says in a sentence what it does to training, `best_when` in which state of a run it pays."""

    name: str
    title: str
    motto: str
    hit_die: int
    primary: Stat
    saves: tuple[Stat, Stat]
    """Saving throws it is proficient in."""
    abilities: tuple[str, str]
    difficulty: str
    best_when: str
    portrait: tuple[str, ...]
