"""Making heroes: a new one from a campaign, or an old one from a save."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.rules.hero import levels
from rolltrain_tui.rules.hero.hero import Hero
from rolltrain_tui.rules.hero.hero_class import STATS
from rolltrain_tui.rules.naming import RulesError, suggestion

__all__ = ["Hero", "hero_from_state", "hero_state", "new_hero"]


def new_hero(name: str, hero_class: str, level: int, stats: Mapping[str, int], auto: Iterable[str] = ()) -> Hero:
    """A rested hero. RulesError for an unknown class, a stat that is missing or out of range, or an ability of another class."""
    if hero_class not in CLASSES:
        raise RulesError(f'There is no class "{hero_class}".{suggestion(hero_class, CLASSES)}')
    if not 1 <= level <= levels.TOP_LEVEL:
        raise RulesError(f"A hero's level lies between 1 and {levels.TOP_LEVEL}, not {level}.")
    _check_stats(stats)
    row, chosen = CLASSES[hero_class], set(auto)
    for ability in sorted(chosen - set(row.abilities)):
        raise RulesError(f'A {row.title} has no ability "{ability}".{suggestion(ability, row.abilities)}')
    hp = levels.max_hit_points(row.hit_die, levels.ability_modifier(stats["CON"]), level)
    scores: dict[str, int] = {stat: stats[stat] for stat in STATS}
    return Hero(name, row, level, scores, hp=hp, max_hp=hp, hit_dice=level, auto=chosen)


def _check_stats(stats: Mapping[str, int]) -> None:
    if set(stats) != set(STATS):
        raise RulesError(f"A hero has exactly the stats {', '.join(STATS)}; these were given: {', '.join(sorted(stats)) or 'none'}.")
    for stat, score in stats.items():
        if not 1 <= score <= 20:
            raise RulesError(f"{stat} is {score}; ability scores lie between 1 and 20.")


def hero_state(hero: Hero) -> dict[str, Any]:
    """The sheet as JSON values; the class by its name."""
    values = {each.name: getattr(hero, each.name) for each in fields(hero) if each.name != "calling"}
    return {**values, "hero_class": hero.hero_class, "stats": dict(hero.stats), "auto": sorted(hero.auto)}


def hero_from_state(state: Mapping[str, Any]) -> Hero:
    """Exact inverse of hero_state()."""
    values = {name: value for name, value in state.items() if name != "hero_class"}
    return Hero(**{**values, "calling": CLASSES[state["hero_class"]], "auto": set(state["auto"])})
