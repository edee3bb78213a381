"""The Barbarian: larger updates."""

from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import DiceRolled
from rolltrain_tui.rules.classes.ability import CLAIM, Ability, AbilityState, Power
from rolltrain_tui.rules.hero.hero import Hero
from rolltrain_tui.rules.hero.hero_class import HeroClass

RAGE_POOL = ((1, 2), (3, 3), (6, 4), (12, 5), (17, 6))
"""(from level, charges)."""
RAGE_TIERS = (9, 16)
"""Levels at which the factor of a live rage grows by 0.1."""
IDLE_TURNS = 3


def rage_k(level: int) -> float:
    """The live rage's factor: 1.5, 1.6 from level 9, 1.7 from level 16."""
    return round(1.5 + 0.1 * sum(level >= tier for tier in RAGE_TIERS), 1)


class Rage(Power):
    live_turns = 10
    trigger = 16
    trigger_turns = 3

    def most(self, level: int) -> int | None:
        return max(charges for from_level, charges in RAGE_POOL if level >= from_level)

    def claim(self, held: AbilityState, hero: Hero) -> float:
        return rage_k(hero.level) if held.live else 1.5

    def k(self, held: AbilityState, hero: Hero, roll: DiceRolled) -> float:
        return self.claim(held, hero)

    def effect(self, held: AbilityState, hero: Hero) -> StepEffect:
        return _RAGING if held.live else NEUTRAL

    def weight_noise_felt(self, held: AbilityState) -> float:
        return 0.5 if held.live else 1.0

    def rest_refusal(self, held: AbilityState) -> str:
        return "Nobody rests in a rage: wait until it has run out, or dismiss it."

    def healing_refusal(self, held: AbilityState) -> str:
        return "A rage heals nothing and turns nothing back: wait until it has run out, or dismiss it."

    def ends_early(self, held: AbilityState, roll: DiceRolled) -> str:
        return f"{IDLE_TURNS} turns in a row without a hit" if held.live and held.idle >= IDLE_TURNS else ""

    def gains(self, level: int) -> tuple[str, ...]:
        return (f"Rage: updates ×{rage_k(level)} while it lasts",) if level in RAGE_TIERS else ()


class RecklessAttack(Power):
    trigger = 18

    def claim(self, held: AbilityState, hero: Hero) -> float:
        return 2.0

    def k(self, held: AbilityState, hero: Hero, roll: DiceRolled) -> float:
        lands = roll.outcome in ("hit", "crit") if held.live else roll.total >= self.trigger
        return 2.0 if lands else 1.0

    def effect(self, held: AbilityState, hero: Hero) -> StepEffect:
        return _RECKLESS if held.live else NEUTRAL

    def gives_advantage(self, held: AbilityState) -> bool:
        return held.live

    def leaves_open(self, held: AbilityState) -> bool:
        return held.live


_RAGING = StepEffect(clip_factor=2.0, decay_factor=0.0)
_RECKLESS = StepEffect(batch_factor=0.5)

CLASS = HeroClass(
    name="barbarian",
    title="Barbarian",
    motto="Takes bigger updates: half as large again in a rage, with the clip loosened and the weight decay off.",
    hit_die=12,
    primary="STR",
    saves=("STR", "CON"),
    abilities=("rage", "reckless_attack"),
    difficulty="easy to play, easy to overdo",
    best_when="SLOW: the learning rate is too small, and a larger step is pure gain",
    portrait=(
        r"    _/^^^\_      ",
        r"   ( o   o )  /| ",
        r"    \ === /  / | ",
        r"  __/|###|\_/| | ",
        r" /  \|###|  \|/  ",
        r" \_/ |===|   |   ",
        r"     /   \   |   ",
        r"    /_   _\  |   ",
    ),
)

ABILITIES = (
    Ability(
        name="rage",
        title="Rage",
        hero_class="barbarian",
        summary="Larger updates with the armour off: great when the learning rate is too small, costly when it is not.",
        passive="A total of 16 or more spends a charge: this turn and the next two take ×1.5 updates.",
        live="10 turns of ×1.5 updates (×1.6 from level 9, ×1.7 from 16), clip threshold doubled, no weight decay, weight noise of "
        "monsters halved, no rest. It ends early after 3 turns in a row without a hit.",
        cost="bonus",
        recharge="long",
        power=Rage(),
        remedy="slow",
        multiple=1.5,
    ),
    Ability(
        name="reckless_attack",
        title="Reckless Attack",
        hero_class="barbarian",
        summary="Two dice and double updates on half the batch: more progress, more noise, more wounds.",
        passive="A total of 18 or more: this turn takes a ×2 update.",
        live="Until dismissed: two dice, the higher counts; hits take ×2 updates; the batch is halved; saving throws are at "
        "disadvantage, monsters' damage is doubled, and the hero does not fall back when badly hurt.",
        cost="free",
        recharge="",
        power=RecklessAttack(),
        claim="two dice, hits multiplied by {k}, half the batch, and no guard",
        passive_claim=CLAIM,
        remedy="slow",
        multiple=2.0,
    ),
)
