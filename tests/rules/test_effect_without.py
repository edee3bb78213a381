"""The same turn without an ability: what a shadow twin is told."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tabletop import Report, make_table, of

from rolltrain_tui.protocol.commands import UseAbility
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import DiceRolled, HeroFell
from rolltrain_tui.rules.monsters.monsters import BESTIARY
from rolltrain_tui.rules.rulebooks import RULEBOOKS

RAGE, RECKLESS, STEADY = UseAbility("rage"), UseAbility("reckless_attack"), UseAbility("spell_mastery", "steady")


def begun(table, *orders):
    """One turn begun: its facts and its effect."""
    table.turn += 1
    return table.game.begin_turn(table.turn, orders)


def test_without_rage_the_turn_is_the_rolls_own():
    """Its factor on k, the doubled clip and the missing decay are gone; the roll's k stays."""
    table = make_table(faces=[12])
    facts, effect = begun(table, RAGE)
    (roll,) = of(DiceRolled, facts)
    assert StepEffect(update_scale=roll.k * 1.5, clip_factor=2.0, decay_factor=0.0) == effect
    assert StepEffect(update_scale=roll.k) == table.game.effect_without(["rage"])


def test_all_others_act_on_both():
    """Without Rage, Reckless Attack still doubles; without both, nothing does."""
    table = make_table(faces=[18, 18], rulebook="off")
    _, effect = begun(table, RAGE, RECKLESS)
    assert 3.0 == effect.update_scale
    game = table.game
    assert StepEffect(update_scale=2.0, batch_factor=0.5) == game.effect_without(["rage"])
    assert StepEffect(update_scale=1.5, clip_factor=2.0, decay_factor=0.0) == game.effect_without(["reckless_attack"])
    assert StepEffect() == game.effect_without(["rage", "reckless_attack"])


def test_every_roll_of_a_turn_is_told_without():
    """Where each micro-batch has its roll, each loses the ability's factor; one set off by the second roll never touched the first."""
    book = replace(RULEBOOKS["hero"], roll_on="micro", hook="loss")
    table = make_table(rulebook=book, accumulation=3, faces=[12, 18, 12], auto=["rage"])
    facts, effect = begun(table)
    rolls = of(DiceRolled, facts)
    assert effect.micro_scales == pytest.approx([rolls[0].k, rolls[1].k * 1.5, rolls[2].k * 1.5])
    assert tuple(roll.k for roll in rolls) == table.game.effect_without(["rage"]).micro_scales


def test_monsters_are_the_same():
    """What a monster does to the turn is in both; only what the ability itself keeps off comes back."""
    table = make_table(rulebook="off", faces=[])
    table.game.encounters._afflict(BESTIARY["weight_wraith"], failed=True)
    plain = table.game.encounters.effect(1.0)
    assert plain.weight_noise > 0
    _, effect = begun(table, RAGE, RECKLESS)
    assert 0.5 * plain.weight_noise == effect.weight_noise
    assert 0.5 * plain.weight_noise == table.game.effect_without(["reckless_attack"]).weight_noise
    assert plain.weight_noise == table.game.effect_without(["rage"]).weight_noise


@given(st.integers(0, 10_000), st.sampled_from(["barbarian", "wizard"]))
def test_without_nothing_is_the_turn_itself(seed, hero_class):
    """Leaving out no ability, or one that is not in force, gives the very effect of the turn, through rages, monsters and falls."""
    orders = {"barbarian": [RAGE, RECKLESS], "wizard": [STEADY, UseAbility("arcane_recovery")]}[hero_class]
    table = make_table(hero_class, seed=seed, level=5, encounter_mode="random", encounter_chance=0.2)
    for turn in range(25):
        _, effect = begun(table, *(orders if turn % 9 == 0 else ()))
        assert effect == table.game.effect_without(()) == table.game.effect_without(["nothing of ours"])
        table.game.end_turn(table.turn, Report(finite=turn % 3 != 0))


def test_asking_changes_nothing():
    """A game that is asked every turn goes as one that is not."""
    asked, silent = (make_table(seed=3, encounter_mode="random", encounter_chance=0.3, auto=["rage"]) for _ in range(2))
    for _ in range(40):
        begun(asked)
        asked.game.effect_without(["rage"])
        begun(silent)
        asked.game.end_turn(asked.turn, Report())
        silent.game.end_turn(silent.turn, Report())
        assert asked.game.state_dict() == silent.game.state_dict()


def test_waking_at_the_camp_is_for_both():
    """The turn after a fall begins with the camp's weights, with or without abilities, and only that turn."""
    table = make_table(seed=5, rulebook="off")
    while not of(HeroFell, table.play(finite=False)):
        pass
    _, effect = begun(table)
    assert effect.rollback
    assert table.game.effect_without(["rage"]).rollback
    table.game.end_turn(table.turn, Report())
    _, effect = begun(table)
    assert not effect.rollback
    assert not table.game.effect_without(["rage"]).rollback
