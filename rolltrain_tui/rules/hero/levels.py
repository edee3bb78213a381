"""Levels: experience tables, proficiency and hit points. All formulas of growth are here."""

from collections.abc import Mapping
from itertools import accumulate
from typing import Literal

XPTable = Literal["source", "srd"]
TOP_LEVEL = 20
MOST_LEARNING_XP = 10**15
"""Of one evaluation. A training that diverges and comes back gains more than a table or a JSON reader holds, or more than any number."""

XP_TABLES: Mapping[str, tuple[int, ...]] = {
    "source": (0, *accumulate(int(1000 * 1.5 ** (level - 1)) for level in range(1, TOP_LEVEL))),
    "srd": (
        0, 300, 900, 2700, 6500, 14000, 23000, 34000, 48000, 64000,
        85000, 100000, 120000, 140000, 165000, 195000, 225000, 265000, 305000, 355000,
    ),
}  # fmt: skip
"""Total XP at which each level begins, level 1 first."""


def xp_of_level(table: XPTable, level: int) -> int:
    return XP_TABLES[table][level - 1]


def next_level_xp(table: XPTable, level: int) -> int:
    """Total XP of the next level; at the top, of the top."""
    return XP_TABLES[table][min(level, TOP_LEVEL - 1)]


def proficiency(level: int) -> int:
    """+2 at level 1 to +6 at level 17."""
    return 2 + (level - 1) // 4


def ability_modifier(score: int) -> int:
    return (score - 10) // 2


def hit_points_gained(hit_die: int, constitution: int) -> int:
    """HP of each level after the first: the die's average rounded up, and the CON modifier."""
    return max(1, hit_die // 2 + 1 + constitution)


def max_hit_points(hit_die: int, constitution: int, level: int) -> int:
    """A full hit die at level 1, the average after it; the CON modifier every level."""
    return max(1, hit_die + constitution) + (level - 1) * hit_points_gained(hit_die, constitution)


def learning_xp(gain: float) -> int:
    """1000 XP for each step of the objective that the best value gained, `MOST_LEARNING_XP` at most."""
    return round(min(1000 * max(0.0, gain), MOST_LEARNING_XP))


def roll_xp(total: int, in_encounter: bool) -> int:
    """10 x the total of a hit, doubled while a monster is near."""
    return max(0, 10 * total) * (2 if in_encounter else 1)
