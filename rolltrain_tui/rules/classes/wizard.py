"""The Wizard: control of the step size."""

from math import cos, pi

from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.rules.classes.ability import Ability, AbilityState, Option, Power
from rolltrain_tui.rules.hero.hero import Hero
from rolltrain_tui.rules.hero.hero_class import HeroClass

RECOVERY_TURNS, LITTLE_RECOVERY_TURNS = 20, 5
"""Turns of the live form, and of the passive form."""
RECOVERY_PEAK = 1.5
RECOVERY_POOL = 3

CANTRIPS = (
    Option("steady", "Steady", level=1, k=0.75, summary="three quarters of every update", remedy="hot"),
    Option("calm", "Calm", level=3, k=0.3, summary="three tenths of every update: the bouncing settles", remedy="hot"),
    Option("quicken", "Quicken", level=5, k=1.25, summary="a quarter more of every update", remedy="slow"),
)


def recovery_scale(turn: int, turns: int = RECOVERY_TURNS) -> float:
    """Learning-rate multiplier of turn 0 ... turns - 1 of a recovery.

    A cosine from 1.5 down to 1, read at the middle of each turn: the cosines of the midpoints cancel, so the mean is 1.25.
    """
    return 1 + (RECOVERY_PEAK - 1) * (1 + cos(pi * (turn + 0.5) / turns)) / 2


_RECOVERY = {
    form: tuple(StepEffect(lr_scale=recovery_scale(turn, turns)) for turn in range(turns))
    for form, turns in (("live", RECOVERY_TURNS), ("passive", LITTLE_RECOVERY_TURNS))
}
_CANTRIP = {option.name: StepEffect(update_scale=option.k) for option in CANTRIPS}


class ArcaneRecovery(Power):
    live_turns = RECOVERY_TURNS
    trigger = 15
    trigger_turns = LITTLE_RECOVERY_TURNS

    def most(self, level: int) -> int | None:
        return RECOVERY_POOL

    def claim(self, held: AbilityState, hero: Hero) -> float:
        return RECOVERY_PEAK

    def effect(self, held: AbilityState, hero: Hero) -> StepEffect:
        scales = _RECOVERY["live" if held.live else "passive"]
        return scales[len(scales) - (held.turns or 0)]

    def short_rest(self, held: AbilityState, level: int) -> None:
        """Refunds half the level in charges, rounded up, once between long rests; a rest with none missing keeps the refund."""
        missing = RECOVERY_POOL - (held.left or 0)
        if missing and not held.refunded:
            held.left = (held.left or 0) + min(missing, -(-level // 2))
            held.refunded = True


class SpellMastery(Power):
    def claim(self, held: AbilityState, hero: Hero) -> float:
        return _CANTRIP[held.option].update_scale

    def effect(self, held: AbilityState, hero: Hero) -> StepEffect:
        return _CANTRIP[held.option]


CLASS = HeroClass(
    name="wizard",
    title="Wizard",
    motto="Steers the learning rate: warms it again when the run has gone flat, and calms the steps when they bounce.",
    hit_die=6,
    primary="INT",
    saves=("INT", "WIS"),
    abilities=("arcane_recovery", "spell_mastery"),
    difficulty="asks for judgement",
    best_when="HOT or TUNED: calmer steps settle the run; SLOW: warming it again",
    portrait=(
        r"       /\      ",
        r"      /* \    *",
        r"   __/___*\__ |",
        r"     ( oo )   |",
        r"     /)~~(\   |",
        r"    /|:~~:|\__|",
        r"     |:  :|   |",
        r"     /____\   |",
    ),
)

ABILITIES = (
    Ability(
        name="arcane_recovery",
        title="Arcane Recovery",
        hero_class="wizard",
        summary="Warms the learning rate again: pays where steps are too small, bounces where they are not.",
        passive="A total of 15 or more spends a charge: the learning rate is ×1.5, falling to 1 over this turn and the next four.",
        live="The learning rate is multiplied by 1.5, falling to 1 along a cosine over 20 turns (1.25 on average). A short rest "
        "refunds half the level in charges, rounded up, once between camps.",
        cost="action",
        recharge="long",
        power=ArcaneRecovery(),
        claim="the learning rate is multiplied by {k}, falling back to 1 over {turns} turns",
        remedy="slow",
        multiple=1.25,
    ),
    Ability(
        name="spell_mastery",
        title="Spell Mastery",
        hero_class="wizard",
        summary="A cantrip held in the mind scales every update until it is dismissed.",
        passive="",
        live="One cantrip at a time: Steady ×0.75, Calm ×0.3 (level 3), Quicken ×1.25 (level 5). Changing it costs the bonus action.",
        cost="bonus",
        recharge="",
        power=SpellMastery(),
        options=CANTRIPS,
    ),
)
