"""The Rogue: levers on single coordinates, on single sequences and on the momentum."""

from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.rules.classes.ability import Ability, AbilityState, Activation, Option, Power, PowerContext
from rolltrain_tui.rules.hero import levels
from rolltrain_tui.rules.hero.hero import Hero
from rolltrain_tui.rules.hero.hero_class import HeroClass

BACKSTAB_TURNS = 10
MOST_DICE = 5
HIDDEN = 2
"""Sequences that Hide leaves out."""

TRICKS = (
    Option("dash", "Dash", level=1, k=1.0, summary="one more optimiser step, on half a batch", remedy="slow"),
    Option("disengage", "Disengage", level=1, k=1.0, summary="the first moments are set to zero before the step", remedy="hot"),
    Option("hide", "Hide", level=1, k=1.0, summary=f"the {HIDDEN} sequences with the highest loss do not count"),
)


def sneak_dice(level: int) -> int:
    """Half the level, rounded up, at most 5."""
    return min(MOST_DICE, -(-level // 2))


def sneak_gain(level: int) -> float:
    """The factor on coordinates where update and gradient agree: 1.2 at level 1 to 2 at level 9."""
    return 1 + sneak_dice(level) / 5


class SneakAttack(Power):
    live_turns = BACKSTAB_TURNS
    trigger = 12
    trigger_costs = False

    def most(self, level: int) -> int | None:
        return levels.proficiency(level)

    def enter(self, held: AbilityState, hero: Hero, scene: PowerContext) -> Activation:
        if held.live:
            return Activation("only coordinates whose update goes down the slope move, the others wait")
        return Activation(f"coordinates whose update goes down the slope move {sneak_gain(hero.level):g} times as far")

    def effect(self, held: AbilityState, hero: Hero) -> StepEffect:
        return StepEffect(cautious=True) if held.live else StepEffect(agreeing_gain=sneak_gain(hero.level))

    def gains(self, level: int) -> tuple[str, ...]:
        grown = 1 < level and sneak_dice(level) > sneak_dice(level - 1)
        return (f"Sneak Attack: coordinates that agree ×{sneak_gain(level):g}",) if grown else ()


class CunningAction(Power):
    live_turns = 1

    def most(self, level: int) -> int | None:
        return levels.proficiency(level)

    def enter(self, held: AbilityState, hero: Hero, scene: PowerContext) -> Activation:
        return Activation(next(trick.summary for trick in TRICKS if trick.name == held.option))

    def effect(self, held: AbilityState, hero: Hero) -> StepEffect:
        return _TRICK[held.option]


_TRICK = {
    "dash": StepEffect(extra_steps=1, extra_batch_factor=0.5),
    "disengage": StepEffect(forget_momentum=True),
    "hide": StepEffect(drop_worst=HIDDEN),
}

CLASS = HeroClass(
    name="rogue",
    title="Rogue",
    motto="Picks its targets: the coordinates where update and slope agree, the sequences worth learning from.",
    hit_die=8,
    primary="DEX",
    saves=("DEX", "INT"),
    abilities=("sneak_attack", "cunning_action"),
    difficulty="many small choices",
    best_when="SLOW or TUNED: a mask on what disagrees is rarely wrong; HOT: forget the momentum",
    portrait=(
        r"      .--.       ",
        r"     / __ \      ",
        r"    | (-.-)|     ",
        r"     \_\/_/    / ",
        r"   __/|##|\__ /  ",
        r"  / \ |##| / +   ",
        r"  +--\|__|/      ",
        r"     /_  _\      ",
    ),
)

ABILITIES = (
    Ability(
        name="sneak_attack",
        title="Sneak Attack",
        hero_class="rogue",
        summary="Strikes where update and slope agree: coordinate by coordinate, not louder everywhere.",
        passive="A total of 12 or more, without a charge: this turn the coordinates whose update goes down the slope move ×1.2 "
        "(+0.2 at levels 3, 5, 7 and 9), the others as they would.",
        live="Backstab: for 10 turns only the coordinates that agree move, rescaled by 1 / their share; the others wait.",
        cost="action",
        recharge="short",
        power=SneakAttack(),
        remedy="slow",
    ),
    Ability(
        name="cunning_action",
        title="Cunning Action",
        hero_class="rogue",
        summary="One trick beside the turn: a short extra step, a clean slate for the momentum, or a blind eye to the worst.",
        passive="",
        live="One trick, this turn: Dash, Disengage or Hide.",
        cost="bonus",
        recharge="short",
        power=CunningAction(),
        options=TRICKS,
    ),
)
