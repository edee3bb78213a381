"""Levers that a training cannot pull, as when another library owns the loop. Orders that need one are refused and spend nothing."""

from collections.abc import Iterable, Mapping
from typing import Literal

from rolltrain_tui.protocol.commands import Command, SetAuto, UseAbility, UseItem
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.ability import AbilityState
from rolltrain_tui.rules.hero.hero import Hero
from rolltrain_tui.rules.monsters.loot import ITEMS
from rolltrain_tui.rules.monsters.monster import Monster
from rolltrain_tui.rules.rulebooks import RULEBOOKS

Form = Literal["live", "passive"]
_SOME = 0.5
"""Stands for the amount that a form rolls when it begins: any amount other than 0 shows the lever."""


def levers_of(name: str, option: str, form: Form, hero: Hero) -> frozenset[str]:
    """The levers that an ability pulls in its first turn, or holds for as long as it is auto."""
    power = ABILITIES[name].power
    held = AbilityState(None)
    held.begin(form, power.live_turns if form == "live" else power.trigger_turns, option)
    held.amount = _SOME
    standing = power.standing(hero).levers() if form == "passive" else ()
    back = [lever for lever in power.prepares if form == "live" or lever != "restore_best"]
    return frozenset((*power.effect(held, hero).levers(), *standing, *back))


def unavailable_refusal(order: Command, hero: Hero, unavailable_levers: Mapping[str, str]) -> str:
    """Why this order cannot act on this training, or an empty string. Orders that are wrong otherwise are left to be refused for that."""
    if not unavailable_levers:
        return ""
    match order:
        case UseAbility(ability, option):
            return _ability_refusal(ability, option, "live", hero, unavailable_levers)
        case SetAuto(ability, True):
            return _ability_refusal(ability, "", "passive", hero, unavailable_levers)
        case UseItem(item):
            return _item_refusal(item, unavailable_levers)
    return ""


def _ability_refusal(name: str, option: str, form: Form, hero: Hero, unavailable_levers: Mapping[str, str]) -> str:
    if name not in hero.calling.abilities:
        return ""
    ability = ABILITIES[name]
    chosen = ability.option(option)
    if form == "live" and ability.options and chosen is None:
        return ""
    return _reason(chosen.title if chosen else ability.title, levers_of(name, option, form, hero), unavailable_levers)


def _item_refusal(name: str, unavailable_levers: Mapping[str, str]) -> str:
    if name not in ITEMS:
        return ""
    item = ITEMS[name]
    levers = [lever for effect in item.effects for lever in effect.levers()]
    if item.rulebook and RULEBOOKS[item.rulebook].roll_on == "micro":
        levers.append("micro_scales")
    return _reason(item.title, levers, unavailable_levers)


def felt(monster: Monster, unavailable_levers: Mapping[str, str]) -> bool:
    """True where this training has every lever that the monster pulls."""
    return not any(lever in unavailable_levers for act in (monster.failed, monster.saved) for lever in act.effect.levers())


def _reason(title: str, levers: Iterable[str], unavailable_levers: Mapping[str, str]) -> str:
    reason = next((unavailable_levers[lever] for lever in levers if lever in unavailable_levers), "")
    return f"{title} cannot act on this training: {reason}." if reason else ""
