"""Hero classes: what each does to the training, as rows."""

from dataclasses import dataclass
from typing import Literal

from rolltrain_tui.base.registry import Registry

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
    HeroClass(
        name="rogue",
        title="Rogue",
        motto="Picks its targets: the coordinates where update and slope agree, the sequences that are worth their loss.",
        hit_die=8,
        primary="DEX",
        saves=("DEX", "INT"),
        abilities=("sneak_attack", "cunning_action"),
        difficulty="many small choices",
        best_when="SLOW or TUNED: a mask on what disagrees is rarely wrong; HOT: forget the momentum",
        portrait=(
            r"      .--.       ",
            r"     / __ \      ",
            r"    | (-.-)|     ",
            r"     \_\/_/    / ",
            r"   __/|##|\__ /  ",
            r"  / \ |##| / +   ",
            r"  +--\|__|/      ",
            r"     /_  _\      ",
        ),
    ),
    HeroClass(
        name="fighter",
        title="Fighter",
        motto="Keeps at it: a bad roll still trains half a step, and on a good one there are two steps in a turn.",
        hit_die=10,
        primary="STR",
        saves=("STR", "CON"),
        abilities=("second_wind", "action_surge"),
        difficulty="the easiest to play",
        best_when="SLOW: every step more is a step nearer; nowhere bad, but a surge costs its computing",
        portrait=(
            r"      .---.      ",
            r"      |=|=|   /| ",
            r"      |_|_|  / | ",
            r"   .-./###\_/  / ",
            r"   | ||###|_\ /  ",
            r"   |+||===|      ",
            r"   \_/|   |      ",
            r"     /_\ /_\     ",
        ),
    ),
    HeroClass(
        name="cleric",
        title="Cleric",
        motto="Heals the weights: towards their own average, or back to the best that was.",
        hit_die=8,
        primary="WIS",
        saves=("WIS", "CHA"),
        abilities=("healing_word", "divine_intervention"),
        difficulty="asks for a diagnosis first",
        best_when="HOT: the run bounces around a place that its average is already at; wrong while it is SLOW",
        portrait=(
            r"       _+_       ",
            r"      /   \      ",
            r"     ( o o )  +  ",
            r"      \ - /   |  ",
            r"    __/|+|\___|  ",
            r"   /  \|+|/   |  ",
            r"      | + |   |  ",
            r"      /___\   |  ",
        ),
    ),
    HeroClass(
        name="paladin",
        title="Paladin",
        motto="Balances: hits that land hard, batches four times as large, and no update beyond measure.",
        hit_die=10,
        primary="CHA",
        saves=("WIS", "CHA"),
        abilities=("divine_smite", "aura_of_protection"),
        difficulty="steady, and dear when it stands firm",
        best_when="HOT or TUNED: a larger batch takes the noise out; SLOW: only the smite helps",
        portrait=(
            r"      _/^\_      ",
            r"     | === |  |  ",
            r"     |_| |_|  |  ",
            r"   .--/###\-.-+- ",
            r"   |+ |###| \_|  ",
            r"   |+ |=+=|      ",
            r"    \_|   |      ",
            r"     /_| |_\     ",
        ),
    ),
)

CLASSES = Registry("rolltrain.classes", _CLASSES)
