"""The Fighter: a bad roll still trains, and some turns have two steps."""

from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import DiceRolled
from rolltrain_tui.rules.classes.ability import Ability, AbilityState, Activation, Power, PowerContext
from rolltrain_tui.rules.hero.hero import Hero
from rolltrain_tui.rules.hero.hero_class import HeroClass

WIND_TURNS = 3
WIND_POOL = 2
WIND_DIE = 10
WINDED_BELOW = 10
"""Totals below this trigger the passive form."""
WIND_K = 0.5
TAKE = 10
"""No roll counts less while the live form holds."""
SECOND_SURGE = 17
"""Level of the second Action Surge."""


class SecondWind(Power):
    heals = True
    live_turns = WIND_TURNS

    def most(self, level: int) -> int | None:
        return WIND_POOL

    def triggers(self, held: AbilityState, hero: Hero, scene: PowerContext, roll: DiceRolled) -> bool:
        """A low total for which the rulebook gives less than half an update. Otherwise a charge would gain nothing."""
        return _winded(roll)

    def enter(self, held: AbilityState, hero: Hero, scene: PowerContext) -> Activation:
        if not held.live:
            return Activation(f"k becomes {WIND_K:g} instead of what the rulebook says")
        rolled = scene.dice.roll(WIND_DIE)
        healed = scene.heal(hero, rolled + hero.level, "a second wind")
        return Activation(f"1d{WIND_DIE} + {hero.level} = {rolled + hero.level} HP, and no roll counts less than {TAKE}", healed)

    def replaces(self, held: AbilityState, hero: Hero, roll: DiceRolled) -> float | None:
        return WIND_K if not held.live and _winded(roll) else None

    def floor(self, held: AbilityState, hero: Hero) -> int:
        return TAKE if held.live else 0


def _winded(roll: DiceRolled) -> bool:
    return roll.total < WINDED_BELOW and roll.k < WIND_K


class ActionSurge(Power):
    live_turns = 1
    trigger = 18

    def most(self, level: int) -> int | None:
        return 2 if level >= SECOND_SURGE else 1

    def enter(self, held: AbilityState, hero: Hero, scene: PowerContext) -> Activation:
        return Activation("a second whole optimiser step, on a fresh batch")

    def effect(self, held: AbilityState, hero: Hero) -> StepEffect:
        return StepEffect(extra_steps=1)


CLASS = HeroClass(
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
)

ABILITIES = (
    Ability(
        name="second_wind",
        title="Second Wind",
        hero_class="fighter",
        summary="No turn is quite lost: a bad roll still trains half a step.",
        passive="A total below 10 for which the rulebook gives less than half an update spends a charge: k becomes 0.5.",
        live="1d10 + level HP, and for 3 turns no roll counts less than 10.",
        cost="bonus",
        recharge="short",
        power=SecondWind(),
        remedy="hot",
        guards=True,
    ),
    Ability(
        name="action_surge",
        title="Action Surge",
        hero_class="fighter",
        summary="Two whole optimiser steps in one turn, for twice the computing.",
        passive="A total of 18 or more spends a charge: a second whole step on a fresh batch, this turn.",
        live="A second whole step on a fresh batch, this turn, under the same k.",
        cost="action",
        recharge="short",
        power=ActionSurge(),
        remedy="slow",
    ),
)
