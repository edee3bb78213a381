"""The Paladin's powers: the blow that lands lands hard, and nothing near falls too low or goes too far."""

from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import DiceRolled
from rolltrain_tui.rules.ability import AbilityState, Activation, Power, PowerContext
from rolltrain_tui.rules.heroes import Hero

SMITE_POOL = 3
SMITE_FROM = 15
SMITE_TOP = 2.5
SMITE_DICE, SMITE_DIE = 2, 8
"""Extra damage to a monster."""

FIRM_TURNS = 5
FIRM_BATCH = 4.0
AURA_FLOOR = 8
CAP_LEVEL = 11
CAP_QUANTILE = 0.9


def smite_k(total: int) -> float:
    """1.5 + 0.1 (total - 15), at most 2.5: 1.2 for a total of 12, 1.9 for 19."""
    return min(SMITE_TOP, round(1.5 + 0.1 * (total - SMITE_FROM), 6))


class DivineSmite(Power):
    trigger = SMITE_FROM

    def most(self, level: int) -> int | None:
        return SMITE_POOL

    def enter(self, held: AbilityState, hero: Hero, scene: PowerContext) -> Activation:
        if held.live:
            return Activation("armed: the next hit takes 1.5 + 0.1 × (total - 15) times the update")
        assert scene.roll is not None
        held.amount = smite_k(scene.roll.total)
        return Activation()

    def claim(self, held: AbilityState, hero: Hero) -> float:
        return smite_k(SMITE_FROM) if held.live else held.amount

    def k(self, held: AbilityState, hero: Hero, roll: DiceRolled) -> float:
        lands = _lands(roll) if held.live else roll.total >= SMITE_FROM
        return smite_k(roll.total) if lands else 1.0

    def extra_damage(self, held: AbilityState, scene: PowerContext) -> int:
        return sum(scene.dice.roll(SMITE_DIE) for _ in range(SMITE_DICE)) if held.live else 0

    def ends_early(self, held: AbilityState, roll: DiceRolled) -> str:
        return "it has struck" if held.live and _lands(roll) else ""


def _lands(roll: DiceRolled) -> bool:
    return roll.outcome in ("hit", "crit")


class AuraOfProtection(Power):
    prepares = ("norm_cap",)
    live_turns = FIRM_TURNS
    trigger_costs = False

    def most(self, level: int) -> int | None:
        return 1

    def triggers(self, held: AbilityState, hero: Hero, scene: PowerContext, roll: DiceRolled) -> bool:
        """For the story only: the aura stands without being set off. It is told when it lifted the die."""
        return roll.natural not in roll.naturals

    def enter(self, held: AbilityState, hero: Hero, scene: PowerContext) -> Activation:
        if held.live:
            return Activation(f"each batch is {FIRM_BATCH:g} times as large")
        assert scene.roll is not None
        return Activation(f"the die counts as {scene.roll.natural}")

    def effect(self, held: AbilityState, hero: Hero) -> StepEffect:
        return StepEffect(batch_factor=FIRM_BATCH) if held.live else NEUTRAL

    def standing(self, hero: Hero) -> StepEffect:
        return StepEffect(norm_cap=CAP_QUANTILE) if hero.level >= CAP_LEVEL else NEUTRAL

    def standing_floor(self, hero: Hero) -> int:
        return AURA_FLOOR

    def standing_save_bonus(self, hero: Hero) -> int:
        return hero.modifier("CHA")

    def gains(self, level: int) -> tuple[str, ...]:
        return ("Aura of Protection: no update longer than nine in ten of the last hundred",) if level == CAP_LEVEL else ()
