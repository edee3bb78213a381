"""The abilities of all classes. The rows and their powers are in the file of each class."""

from copy import copy
from dataclasses import replace
from typing import get_args

from rolltrain_tui.base.promises import fault, hold
from rolltrain_tui.base.registry import Registry, RowError
from rolltrain_tui.rules.classes import barbarian, cleric, fighter, paladin, rogue, wizard
from rolltrain_tui.rules.classes.ability import Ability, Cost, Option, Power, Recharge, Remedy
from rolltrain_tui.rules.hero.levels import TOP_LEVEL
from rolltrain_tui.rules.plugin_checks import check_name, check_row, check_words, one_of, require

__all__ = ["ABILITIES", "Ability", "Cost", "Option", "Recharge"]

CLASS_FILES = (barbarian, wizard, rogue, fighter, cleric, paladin)
"""In the order in which they are offered. Each has its class as `CLASS`, and `ABILITIES`."""


def check_ability(name: str, row: object) -> Ability:
    """The row, if a plug-in may add it under this name. RowError says why not."""
    ability = check_row(Ability, name, row)
    if ability.hero_class in BUILT_IN_CLASSES:
        raise RowError(f"the {ability.hero_class} has abilities enough; bring a class of your own")
    one_of(ability, cost=get_args(Cost), recharge=get_args(Recharge), remedy=get_args(Remedy))
    power = ability.power
    require(isinstance(power, Power), "its power must be a rolltrain_tui.plugins.Power")
    for part in ("live_turns", "trigger", "trigger_turns"):
        require(not (wrong := fault(turns := getattr(power, part), int | None)), f"the {part} of its power is {wrong}")
        require(part == "trigger" or turns is None or turns > 0, f"the {part} of its power must be at least 1, or None: until dismissed")
    triggers = power.trigger is not None or type(power).triggers is not Power.triggers
    require(bool(ability.passive) == triggers, "its passive text must stand where its power has a passive form, and nowhere else")
    charges = [power.most(level) for level in range(1, TOP_LEVEL + 1)]
    pools = {most is not None for most in charges}
    require(pools == {bool(ability.recharge)}, "its recharge must be given where its power has charges, and nowhere else")
    require(all(type(most) is not int or most >= 0 for most in charges), "its charges must not be fewer than none")
    require(ability.live and ability.summary and ability.claim, "its summary, live and claim texts must not be empty")
    require(not (ability.remedy and ability.options), "where an ability has options, each option says what it is a remedy for")
    for option in ability.options:
        require(isinstance(option, Option), "its options must be rolltrain_tui.plugins.Option")
        check_name(option.name)
        check_words(option)
        one_of(option, remedy=get_args(Remedy))
    return ability


def held(ability: Ability) -> Ability:
    """The ability, its power held to what it promises."""
    return replace(ability, power=hold(copy(ability.power), Power, "ability", ability.name, finite=True))


_ABILITIES: tuple[Ability, ...] = tuple(row for file in CLASS_FILES for row in file.ABILITIES)
BUILT_IN_CLASSES = {row.hero_class for row in _ABILITIES}
ABILITIES = Registry("rolltrain.abilities", _ABILITIES, kind="ability", check=check_ability, held=held)
