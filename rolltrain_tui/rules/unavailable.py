"""Levers that a training cannot pull, because its loop is somebody else's: what would pull them is refused in words, and spends nothing."""

from collections.abc import Iterable, Mapping
from typing import Literal

from rolltrain_tui.rules.abilities import ABILITIES
from rolltrain_tui.rules.ability import AbilityState
from rolltrain_tui.rules.heroes import Hero
from rolltrain_tui.rules.loot import ITEMS
from rolltrain_tui.rules.monster import Monster
from rolltrain_tui.rules.rulebooks import RULEBOOKS

Form = Literal["live", "passive"]
_SOME = 0.5
"""In the place of what a form rolls when it begins: any amount but none shows the lever."""


def levers_of(name: str, option: str, form: Form, hero: Hero) -> frozenset[str]:
    """The levers that an ability pulls in its first turn, or holds for as long as it is auto."""
    power = ABILITIES[name].power
    held = AbilityState(None)
    held.begin(form, power.live_turns if form == "live" else power.trigger_turns, option)
    held.amount = _SOME
    standing = power.standing(hero).levers() if form == "passive" else ()
    back = [lever for lever in power.prepares if form == "live" or lever != "restore_best"]
    return frozenset((*power.effect(held, hero).levers(), *standing, *back))


def ability_refusal(name: str, option: str, form: Form, hero: Hero, unavailable_levers: Mapping[str, str]) -> str:
    """Why this use of one of the hero's abilities cannot act on this training, or ""."""
    if not unavailable_levers or name not in hero.calling.abilities:
        return ""
    ability = ABILITIES[name]
    if form == "live" and ability.options and ability.option(option) is None:
        return ""  # no such option: that will be said first
    title = ability.option(option).title if option and ability.option(option) else ability.title  # type: ignore[union-attr]
    return _refusal(title, levers_of(name, option, form, hero), unavailable_levers)


def item_refusal(name: str, unavailable_levers: Mapping[str, str]) -> str:
    """Why this item cannot act on this training, or ""."""
    if not unavailable_levers or name not in ITEMS:
        return ""
    item = ITEMS[name]
    levers = [lever for effect in item.effects for lever in effect.levers()]
    if item.rulebook and RULEBOOKS[item.rulebook].roll_on == "micro":
        levers.append("micro_scales")
    return _refusal(item.title, levers, unavailable_levers)


def felt(monster: Monster, unavailable_levers: Mapping[str, str]) -> bool:
    """True where all that this monster does can be done to this training."""
    return not any(lever in unavailable_levers for act in (monster.failed, monster.saved) for lever in act.effect.levers())


def _refusal(title: str, levers: Iterable[str], unavailable_levers: Mapping[str, str]) -> str:
    reason = next((unavailable_levers[lever] for lever in levers if lever in unavailable_levers), "")
    return f"{title} cannot act on this training: {reason}." if reason else ""
