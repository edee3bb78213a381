"""What a row from outside must be before it may sit beside the house's: of the right kind, complete, and safe to put on a screen."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from math import isfinite
from typing import Any, get_args

from rolltrain_tui.protocol.effects import OnZero, StepEffect
from rolltrain_tui.rules.abilities import ABILITIES
from rolltrain_tui.rules.ability import Ability, Cost, Option, Power, Recharge
from rolltrain_tui.rules.classes import CLASSES, STATS, HeroClass
from rolltrain_tui.rules.levels import TOP_LEVEL
from rolltrain_tui.rules.monster import XP_BY_CHALLENGE, Affliction, Monster, Symptom
from rolltrain_tui.rules.rulebooks import Hook, RollOn, Rulebook, Window
from rolltrain_tui.rules.signals import SIGNALS

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
PORTRAIT = (8, 26)
"""Lines and columns that the screens have room for."""
DICE = (4, 6, 8, 10, 12, 20, 100)


class UnfitError(ValueError):
    """Why a row is not admitted: half a sentence."""


def check_row(group: str, name: str, row: object) -> Any:
    """The row, if it is fit to be the one called `name` in this group. UnfitError says why not."""
    kind, check = KINDS[group]
    if not isinstance(row, kind):
        raise UnfitError(f"it must be a {kind.__module__}.{kind.__name__}, not a {type(row).__name__}")
    if row.name != name:
        raise UnfitError(f"its row is called {row.name!a}; entry point and row must agree")
    if not NAME.fullmatch(name.replace("-", "_") if kind is Rulebook else name):
        raise UnfitError("a name is up to 40 small letters, digits and underscores, a letter first")
    _check_words(row)
    check(row)
    return row


def _check_words(row: Any) -> None:
    """Every text of the row is one printable line. None of it may steer a terminal."""
    for each in fields(row):
        value = getattr(row, each.name)
        if each.type in (str, "str") and not isinstance(value, str):
            raise UnfitError(f"its {each.name} must be text")
        if isinstance(value, str) and not value.isprintable():
            raise UnfitError(f"its {each.name} must be one line of printable characters")


def _require(holds: object, words: str) -> None:
    if not holds:
        raise UnfitError(words)


def _one_of(row: Any, **choices: Iterable[Any]) -> None:
    for name, known in choices.items():
        known = tuple(known)
        if getattr(row, name) not in known:
            raise UnfitError(f"its {name} must be one of {', '.join(map(repr, known))}")


def _whole(row: Any, **least: int) -> None:
    for name, low in least.items():
        value = getattr(row, name)
        if type(value) is not int or not low <= value <= 10_000:
            raise UnfitError(f"its {name} must be a whole number of at least {low}")


def _check_portrait(portrait: Sequence[str]) -> None:
    lines, columns = PORTRAIT
    words = f"its portrait must be up to {lines} lines of plain ASCII, all as wide as the first, {columns} columns at most"
    _require(isinstance(portrait, tuple) and 1 <= len(portrait) <= lines, words)
    for line in portrait:
        _require(isinstance(line, str) and line.isascii() and line.isprintable() and len(line) == len(portrait[0]) <= columns, words)


def check_ability(row: Ability) -> None:
    _require(row.hero_class not in CLASSES.house, f"the {row.hero_class} has abilities enough; bring a class of your own")
    _one_of(row, cost=get_args(Cost), recharge=get_args(Recharge))
    _require(isinstance(row.power, Power), "its power must be a rolltrain_tui.rules.ability.Power")
    triggers = row.power.trigger is not None or type(row.power).triggers is not Power.triggers
    _require(bool(row.passive) == triggers, "its passive text must stand where its power has a passive form, and nowhere else")
    pools = {row.power.most(level) is not None for level in range(1, TOP_LEVEL + 1)}
    _require(pools == {bool(row.recharge)}, "its recharge must be given where its power has charges, and nowhere else")
    _require(row.live and row.summary, "its summary and live texts must not be empty")
    _one_of(row, remedy=("", "slow", "hot", "overfit"))
    _require(not (row.remedy and row.options), "a remedy must be an ability without options")
    for option in row.options:
        _require(isinstance(option, Option) and NAME.fullmatch(option.name), "its options must be Options with names like its own")
        _check_words(option)


def check_class(row: HeroClass) -> None:
    _whole(row, hit_die=2)
    _one_of(row, primary=STATS)
    _require(set(row.saves) <= set(STATS) and len(set(row.saves)) == 2, f"its saves must be two of {', '.join(STATS)}")
    _check_portrait(row.portrait)
    _require(len(row.abilities) == 2, "it must have two abilities")
    for name in row.abilities:
        _require(name in ABILITIES, f"its ability {name!a} is not there")
        _require(ABILITIES[name].hero_class == row.name, f"its ability {name!a} belongs to the {ABILITIES[name].hero_class}")


def check_monster(row: Monster) -> None:
    _one_of(row, challenge=XP_BY_CHALLENGE, save_stat=STATS)
    _whole(row, hp=1, armour_class=1, damage_die=1, lull=0, recharge=1)
    _check_portrait(row.portrait)
    for power in (row.failed, row.saved):
        sound = isinstance(power, Affliction) and isinstance(power.effect, StepEffect)
        _require(sound, "its failed and saved must each be an Affliction with a StepEffect")
        _check_words(power)
        _whole(power, turns=0)
    for symptom in row.symptoms:
        _require(isinstance(symptom, Symptom), "its symptoms must be Symptoms")
        _whole(symptom, hold=1)
        for signal, side in (*symptom.signs, *symptom.unless):
            _require(signal in SIGNALS, f"there is no signal {signal!a}")
            _require(side in ("low", "high") and getattr(SIGNALS[signal], side) is not None, f"{signal} has no {side} bound")


def check_rulebook(row: Rulebook) -> None:
    _require(row.name != "custom", "custom is the player's own table")
    _require(not row.faces, "faces go by one die; write a Table, which any die can roll on")
    _one_of(row, hook=get_args(Hook), roll_on=get_args(RollOn), on_zero=get_args(OnZero), window=get_args(Window))
    for sides in DICE:
        for face in range(1, sides + 1):
            k = row.judge(face, 0, 12, sides, 1)[1]
            _require(isinstance(k, int | float) and isfinite(k), f"on a {face} of a d{sides} its k is no number")


KINDS: Mapping[str, tuple[type[Any], Callable[[Any], None]]] = {
    "rolltrain.abilities": (Ability, check_ability),
    "rolltrain.classes": (HeroClass, check_class),
    "rolltrain.monsters": (Monster, check_monster),
    "rolltrain.rulebooks": (Rulebook, check_rulebook),
}
