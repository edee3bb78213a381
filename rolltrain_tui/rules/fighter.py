"""The Fighter's powers: no turn is lost, and now and then there are two."""

from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import DiceRolled
from rolltrain_tui.rules.ability import AbilityState, Activation, Power, PowerContext
from rolltrain_tui.rules.heroes import Hero

WIND_TURNS = 3
WIND_POOL = 2
WIND_DIE = 10
WINDED_BELOW = 10
"""Totals below this set the passive form off."""
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
        """A low total for which the rulebook gives less than half an update: a charge is not spent where nothing is won."""
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
