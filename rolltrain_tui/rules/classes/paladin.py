"""The Paladin: larger updates on good hits, larger batches, and bounds on the die and on the update."""

from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.events import DiceRolled
from rolltrain_tui.rules.classes.ability import Ability, AbilityState, Activation, Power, PowerContext
from rolltrain_tui.rules.hero.hero import Hero
from rolltrain_tui.rules.hero.hero_class import HeroClass

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
        """For the story alone, since the aura holds all the time: it is told in turns where it raised the die."""
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


CLASS = HeroClass(
    name="paladin",
    title="Paladin",
    motto="Balances: hits that land hard, batches four times as large, and extreme updates capped.",
    hit_die=10,
    primary="CHA",
    saves=("WIS", "CHA"),
    abilities=("divine_smite", "aura_of_protection"),
    difficulty="steady, and dear when it stands firm",
    best_when="HOT or TUNED: a larger batch takes the noise out; SLOW: only the smite helps",
    portrait=(
        r"      _/^\_      ",
        r"     | === |  |  ",
        r"     |_| |_|  |  ",
        r"   .--/###\-.-+- ",
        r"   |+ |###| \_|  ",
        r"   |+ |=+=|      ",
        r"    \_|   |      ",
        r"     /_| |_\     ",
    ),
)

ABILITIES = (
    Ability(
        name="divine_smite",
        title="Divine Smite",
        hero_class="paladin",
        summary="A good hit becomes a great one: the better the roll, the larger the update.",
        passive="A total of 15 or more spends a charge: k × (1.5 + 0.1 × (total - 15)), at most ×2.5, this turn.",
        live="Armed until the next hit, which takes k × (1.5 + 0.1 × (total - 15)), at most ×2.5, and deals 2d8 more damage to a monster "
        "that it strikes. Dismissed before that, the charge is lost.",
        cost="bonus",
        recharge="long",
        power=DivineSmite(),
        remedy="slow",
    ),
    Ability(
        name="aura_of_protection",
        title="Aura of Protection",
        hero_class="paladin",
        summary="Nothing falls too low and nothing goes too far; on command, a stand on four times the data.",
        passive="A natural die below 8 counts as 8, so nothing is a fumble; CHA is added to saving throws; from level 11 no update is "
        "longer than nine in ten of the last hundred. Without charges.",
        live="Stand Firm: for 5 turns each batch is 4 times as large, by accumulation, at 4 times the computing.",
        cost="action",
        recharge="short",
        power=AuraOfProtection(),
        remedy="hot",
        guards=True,
    ),
)
