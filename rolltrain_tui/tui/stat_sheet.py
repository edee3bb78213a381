"""Six ability scores in the making: the campaign's own, the standard array arranged, or bought with points.

The array and the costs are those of the System Reference Document 5.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from rolltrain_tui.rules.classes.classes import STATS
from rolltrain_tui.rules.monsters.monsters import BESTIARY

Way = Literal["own", "array", "points"]
WAYS: tuple[Way, ...] = ("own", "array", "points")
STANDARD_ARRAY = (15, 14, 13, 12, 10, 8)
COSTS: Mapping[int, int] = MappingProxyType({8: 0, 9: 1, 10: 2, 11: 3, 12: 4, 13: 5, 14: 7, 15: 9})
POINTS = 27
AFTER_PRIMARY = ("CON", "INT", "DEX", "WIS", "STR", "CHA")
"""How the array is first laid out, behind the class's own stat: to last, to roll well, to save well."""


def foes_of(stat: str) -> str:
    """The monsters whose power this score saves from; "" where there are none."""
    return ", ".join(monster.title for monster in BESTIARY.everywhere.values() if monster.save_stat == stat)


@dataclass(frozen=True, slots=True)
class StatSheet:
    """`scores` by stat name; `own` are the campaign's, to come back to."""

    own: Mapping[str, int]
    scores: Mapping[str, int]
    way: Way = "own"

    @classmethod
    def of(cls, own: Mapping[str, int]) -> "StatSheet":
        return cls(dict(own), dict(own))

    def by(self, way: Way, primary: str) -> "StatSheet":
        """Begin again in this way: the array laid out for the class, or all eights with every point to spend."""
        if way == "own":
            return replace(self, scores=self.own, way=way)
        if way == "points":
            return replace(self, scores=dict.fromkeys(STATS, min(COSTS)), way=way)
        order = (primary, *(stat for stat in AFTER_PRIMARY if stat != primary))
        return replace(self, scores=dict(zip(order, STANDARD_ARRAY, strict=True)), way=way)

    @property
    def points_left(self) -> int:
        """Points left of 27; only for scores that can be bought."""
        return POINTS - sum(COSTS[score] for score in self.scores.values())

    def change(self, stat: str, by: int) -> "StatSheet":
        """One step up (+1) or down (-1), or the same sheet where that cannot be. In the array the neighbouring score changes places."""
        if self.way == "array":
            return self._swap(stat, by)
        if self.way == "points":
            return self._buy(stat, by)
        return self

    def _swap(self, stat: str, by: int) -> "StatSheet":
        place = STANDARD_ARRAY.index(self.scores[stat]) - by
        if not 0 <= place < len(STANDARD_ARRAY):
            return self
        other = next(name for name, score in self.scores.items() if score == STANDARD_ARRAY[place])
        return replace(self, scores={**self.scores, stat: self.scores[other], other: self.scores[stat]})

    def _buy(self, stat: str, by: int) -> "StatSheet":
        score = self.scores[stat] + by
        if score not in COSTS:
            return self
        bought = replace(self, scores={**self.scores, stat: score})
        return bought if bought.points_left >= 0 else self
