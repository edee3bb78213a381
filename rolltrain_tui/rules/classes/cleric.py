"""The Cleric: damps loss spikes, moves weights to their average, and returns to the best checkpoint."""

from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import DiceRolled
from rolltrain_tui.rules.classes.ability import Ability, AbilityState, Activation, Power, PowerContext
from rolltrain_tui.rules.hero.hero import Hero
from rolltrain_tui.rules.hero.hero_class import HeroClass

HEALING_POOL = 3
HEALING_DIE = 4
MOST_ALPHA = 0.8
SPIKE = 1.5
"""A loss so many times its running average is a spike."""
DAMPED = 1.1
WITHHELD = 0.45
"""A turn whose measured k was below this counts as withheld. It lies below the 0.5 of a miss, with room for rounding."""
MADE_UP = 2.0

PRAYER_TURNS = 20
PRAYER_LR = 0.5
PRAYER_DIE = 100
FUMBLE_ANSWERED = 10
"""A d100 up to this turns a fumble."""
FUMBLE_K = 0.5
CAMPS_AFTER_FAILURE, CAMPS_AFTER_SUCCESS = 1, 2


def prayer_chance(level: int) -> int:
    """The highest d100 that is answered: 15 at level 1, all from level 18."""
    return min(PRAYER_DIE, 10 + 5 * level)


class HealingWord(Power):
    heals = True
    prepares = ("heal_alpha",)
    live_turns = 1

    def most(self, level: int) -> int | None:
        return HEALING_POOL

    def triggers(self, held: AbilityState, hero: Hero, scene: PowerContext, roll: DiceRolled) -> bool:
        """The last turn had a loss spike, or little of its update reached the weights."""
        return scene.loss is not None and (_spiked(scene) or scene.felt < WITHHELD)

    def enter(self, held: AbilityState, hero: Hero, scene: PowerContext) -> Activation:
        if not held.live:
            held.amount, words = _made_good(scene)
            return Activation(words)
        rolled = max(1, scene.dice.roll(HEALING_DIE) + hero.modifier("WIS"))
        held.amount = min(MOST_ALPHA, rolled / 10)
        healed = scene.heal(hero, rolled, "a healing word")
        words = f"1d{HEALING_DIE} {hero.modifier('WIS'):+d} = {rolled}"
        return Activation(f"{words}: the weights go {held.amount:g} of the way to their running average", healed)

    def claim(self, held: AbilityState, hero: Hero) -> float:
        return 1.0 if held.live else held.amount

    def k(self, held: AbilityState, hero: Hero, roll: DiceRolled) -> float:
        return self.claim(held, hero)

    def effect(self, held: AbilityState, hero: Hero) -> StepEffect:
        return StepEffect(heal_alpha=held.amount) if held.live else StepEffect()


def _spiked(scene: PowerContext) -> bool:
    return scene.loss is not None and scene.loss_ema is not None and scene.loss > SPIKE * scene.loss_ema


def _made_good(scene: PowerContext) -> tuple[float, str]:
    """The factor on this turn's k after a bad turn, and why. A spike is looked at first, since small steps must follow it."""
    if _spiked(scene):
        assert scene.loss is not None
        assert scene.loss_ema is not None
        times = scene.loss / scene.loss_ema
        return DAMPED / times, f"the last loss was {times:.2f} times its average, so this update is multiplied by {DAMPED / times:.2f}"
    return MADE_UP, f"only {scene.felt:.2f} of the last update was felt, so this one is doubled"


class DivineIntervention(Power):
    heals = True
    prepares = ("restore_best",)
    live_turns = PRAYER_TURNS
    trigger_costs = False

    def most(self, level: int) -> int | None:
        return 1

    def triggers(self, held: AbilityState, hero: Hero, scene: PowerContext, roll: DiceRolled) -> bool:
        return roll.natural == 1 and roll.k < FUMBLE_K and scene.dice.roll(PRAYER_DIE) <= FUMBLE_ANSWERED

    def enter(self, held: AbilityState, hero: Hero, scene: PowerContext) -> Activation:
        if not held.live:
            return Activation(f"the fumble becomes k = {FUMBLE_K:g}")
        rolled, chance = scene.dice.roll(PRAYER_DIE), prayer_chance(hero.level)
        if rolled > chance:
            held.locked = CAMPS_AFTER_FAILURE
            return Activation(f"d100 {rolled} against {chance}: no answer before the next camp", ended="no answer")
        held.locked = CAMPS_AFTER_SUCCESS
        words = f"d100 {rolled} against {chance}: weights and moments return to the best of the last evaluations"
        return Activation(f"{words}, and the learning rate is halved")

    def replaces(self, held: AbilityState, hero: Hero, roll: DiceRolled) -> float | None:
        return FUMBLE_K if not held.live and roll.natural == 1 and roll.k < FUMBLE_K else None

    def effect(self, held: AbilityState, hero: Hero) -> StepEffect:
        if not held.live:
            return StepEffect()
        return StepEffect(lr_scale=PRAYER_LR, restore_best=held.turns == PRAYER_TURNS)

    def gains(self, level: int) -> tuple[str, ...]:
        return (f"Divine Intervention: a d100 of {prayer_chance(level)} or less is answered",) if level <= 18 else ()


CLASS = HeroClass(
    name="cleric",
    title="Cleric",
    motto="Heals the weights: towards their own average, or back to the best that was.",
    hit_die=8,
    primary="WIS",
    saves=("WIS", "CHA"),
    abilities=("healing_word", "divine_intervention"),
    difficulty="asks for a diagnosis first",
    best_when="HOT: the run bounces around a place that its average is already at; wrong while it is SLOW",
    portrait=(
        r"       _+_       ",
        r"      /   \      ",
        r"     ( o o )  +  ",
        r"      \ - /   |  ",
        r"    __/|+|\___|  ",
        r"   /  \|+|/   |  ",
        r"      | + |   |  ",
        r"      /___\   |  ",
    ),
)

ABILITIES = (
    Ability(
        name="healing_word",
        title="Healing Word",
        hero_class="cleric",
        summary="Draws the weights towards their average of the last turns: a cure for bouncing, a setback for a run still on its way.",
        passive="A charge after a bad turn. Was less than 0.45 of its update felt (a fumble, mostly): this turn's k × 2 makes up for it. "
        "Was its raw loss more than 1.5 times the average: this turn's k × 1.1 average / loss damps what follows the spike.",
        live="The weights go (1d4 + WIS) / 10 of the way to their average of the last 20 turns or so (at most 0.8), and the hero heals as "
        "many HP as the dice said. The model is evaluated before and after, on the spot.",
        cost="bonus",
        recharge="long",
        power=HealingWord(),
        remedy="hot",
    ),
    Ability(
        name="divine_intervention",
        title="Divine Intervention",
        hero_class="cleric",
        summary="A prayer: back to the best weights of the last eight evaluations, and on from there with care.",
        passive="On a natural 1, a d100 of 10 or less, without a charge: the fumble becomes k = 0.5.",
        live="A d100 of 10 + 5 × level or less: weights and moments return to the best of the last 8 evaluations, and the learning rate "
        "is halved for 20 turns; the prayer comes back at the second next camp. Unanswered, at the next.",
        cost="action",
        recharge="long",
        power=DivineIntervention(),
        remedy="overfit",
    ),
)
