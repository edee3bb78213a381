"""Hero classes: what each does to the training, as rows."""

from collections.abc import Mapping
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


_CLASSES = (
    HeroClass(
        name="barbarian",
        title="Barbarian",
        motto="Takes bigger updates: half as large again in a rage, with the clip loosened and the weight decay off.",
        hit_die=12,
        primary="STR",
        saves=("STR", "CON"),
        abilities=("rage", "reckless_attack"),
        difficulty="easy to play, easy to overdo",
        best_when="SLOW: the learning rate is too small, and a larger step is pure gain",
        portrait=(
            r"    _/^^^\_      ",
            r"   ( o   o )  /| ",
            r"    \ === /  / | ",
            r"  __/|###|\_/| | ",
            r" /  \|###|  \|/  ",
            r" \_/ |===|   |   ",
            r"     /   \   |   ",
            r"    /_   _\  |   ",
        ),
    ),
    HeroClass(
        name="wizard",
        title="Wizard",
        motto="Steers the learning rate: warms it again when the run has gone flat, and calms the steps when they bounce.",
        hit_die=6,
        primary="INT",
        saves=("INT", "WIS"),
        abilities=("arcane_recovery", "spell_mastery"),
        difficulty="asks for judgement",
        best_when="HOT or TUNED: calmer steps settle the run; on a plateau, warming it again",
        portrait=(
            r"       /\      ",
            r"      /* \    *",
            r"   __/___*\__ |",
            r"     ( oo )   |",
            r"     /)~~(\   |",
            r"    /|:~~:|\__|",
            r"     |:  :|   |",
            r"     /____\   |",
        ),
    ),
)

CLASSES: Mapping[str, HeroClass] = {row.name: row for row in _CLASSES}
