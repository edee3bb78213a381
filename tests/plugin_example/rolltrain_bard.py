"""The Bard: updates that swell and updates that hush. A worked example of a rolltrain plug-in."""

from rolltrain_tui.plugins import (
    HALF,
    ONE,
    TWO,
    ZERO,
    Ability,
    AbilityState,
    Affliction,
    DiceRolled,
    Hero,
    HeroClass,
    Monster,
    Power,
    Rulebook,
    StepEffect,
    Symptom,
    Table,
)

SWELL = 8
"""Turns of a crescendo."""


class Crescendo(Power):
    """Every turn a twentieth louder than the one before: 1.05, 1.1, ... 1.4."""

    live_turns = SWELL
    trigger = 15

    def most(self, level: int) -> int | None:
        return 2 + (level >= 5)

    def claim(self, held: AbilityState, hero: Hero) -> float:
        return 1 + 0.05 * (SWELL + 1 - (held.turns or 0)) if held.live else 1.2

    def k(self, held: AbilityState, hero: Hero, roll: DiceRolled) -> float:
        return self.claim(held, hero)


class Lullaby(Power):
    """Half of every update, until dismissed."""

    def claim(self, held: AbilityState, hero: Hero) -> float:
        return 0.5

    def effect(self, held: AbilityState, hero: Hero) -> StepEffect:
        return StepEffect(update_scale=0.5)


CRESCENDO = Ability(
    name="crescendo",
    title="Crescendo",
    hero_class="bard",
    summary="Updates that swell from turn to turn: for a run that is on its way and could go faster.",
    passive="A total of 15 or more spends a charge: this turn's update is ×1.2.",
    live=f"{SWELL} turns of updates ×1.05, ×1.1, and so on up to ×1.4.",
    cost="bonus",
    recharge="short",
    power=Crescendo(),
    remedy="slow",
)
LULLABY = Ability(
    name="lullaby",
    title="Lullaby",
    hero_class="bard",
    summary="Half of every update until it is dismissed: for a run that bounces.",
    passive="",
    live="Every update is halved until you dismiss it.",
    cost="bonus",
    recharge="",
    power=Lullaby(),
    remedy="hot",
)
BARD = HeroClass(
    name="bard",
    title="Bard",
    motto="Plays the step like a tune: louder from turn to turn, or hushed to half.",
    hit_die=8,
    primary="CHA",
    saves=("DEX", "CHA"),
    abilities=("crescendo", "lullaby"),
    difficulty="asks for timing",
    best_when="SLOW: the crescendo; HOT: the lullaby",
    portrait=(
        r"      _~^~_      ",
        r"     ( o o )  ,, ",
        r"      \ u /  //  ",
        r"   __/|~~~|_//   ",
        r"  /  \|~~~|(o)   ",
        r"  \_/ |~~~|(_)   ",
        r"      /   \      ",
        r"     /_   _\     ",
    ),
)
LUTE_MIMIC = Monster(
    name="lute_mimic",
    title="Lute Mimic",
    challenge="1",
    hp=18,
    armour_class=11,
    attack="Sour Note",
    save_stat="CHA",
    damage_die=4,
    lull=2,
    recharge=3,
    failed=Affliction(StepEffect(lr_scale=0.8), 2, "every learning rate is a fifth flat for 2 turns"),
    saved=Affliction(StepEffect(lr_scale=0.9), 1, "this turn's learning rate is a tenth flat"),
    symptoms=(Symptom("gradient_spike", "high", hold=2),),
    summary="It looks like an instrument until somebody plays it; then the run is out of tune.",
    weak_to="larger updates: Crescendo, Rage, Quicken",
    portrait=(
        r"        ___   ",
        r"   ____/o o\  ",
        r"  |____  VV | ",
        r"       \__ww| ",
        r"        |  |  ",
    ),
)
JONGLEUR = Rulebook(
    name="jongleur",
    title="The Jongleur's Rulebook",
    summary="All or nothing on the edges, a plain update in between.",
    table=Table(ZERO, HALF, ONE, TWO),
)
CRESCENDO_PAGE = """# Crescendo

{{ability crescendo}}

Eight turns, each a twentieth louder than the one before. Over a whole crescendo the updates add up to 9.8 instead of 8.
"""
