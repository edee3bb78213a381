from dataclasses import replace

import pytest
from support.tabletop import make_rules, make_table, of

from rolltrain_tui.protocol.commands import UseAbility
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import AbilityUsed, CommandRefused, DiceRolled, HeroHurt, MonsterAppeared, MonsterStruck, XPGained
from rolltrain_tui.rules.naming import RulesError
from rolltrain_tui.rules.rulebooks import RULEBOOKS, custom_rulebook


def test_a_turn_rolls_once_and_says_all_of_it():
    """Die, natural, INT modifier, total, the DC on this die, outcome and k."""
    table = make_table(faces=[17])
    assert [DiceRolled(1, 20, (17,), 17, 2, 19, 12, "hit", 1.35)] == table.play()
    assert StepEffect(update_scale=1.35) == table.effect


def test_the_character_sheet_shows_the_rulebooks_expectation():
    """E[k] at DC 12 with INT 15, the DC scaled to the die, the modifier and the next level."""
    game = make_table().game
    assert (pytest.approx(0.9125), 12, 2, 2, 1000) == (
        game.sheet().expected_k,
        game.dc,
        game.modifier,
        game.sheet().proficiency,
        game.sheet().next_level_xp,
    )
    assert 60 == make_table(sides=100).game.dc


@pytest.mark.parametrize(("advantage", "natural"), [("advantage", 15), ("disadvantage", 4)])
def test_advantage_puts_two_dice_on_the_table(advantage, natural):
    """Both are told, the right one counts."""
    roll = of(DiceRolled, make_table(faces=[4, 15], advantage=advantage).play())[0]
    assert ((4, 15), natural) == (roll.naturals, roll.natural)


def test_source_rolls_for_every_micro_batch():
    """Four micro-batches, four rolls, weights K k_j on the loss; DC 15 unscaled, criticals on the total."""
    table = make_table(rulebook="source", dc=15, accumulation=4, stats={"INT": 10}, faces=[1, 10, 17, 20])
    rolls = of(DiceRolled, table.play())
    assert [(0, -1.0), (1, 0.0), (2, 0.02), (3, 1.0)] == [(roll.micro, roll.k) for roll in rolls]
    assert StepEffect(micro_scales=(-4.0, 0.0, 0.08, 4.0)) == table.effect


def test_abilities_act_on_the_micro_batches_they_hold_for():
    """A passive rage begun by the second roll takes the second and third micro-batch and all of the next two turns."""
    book = replace(RULEBOOKS["off"], roll_on="micro")
    table = make_table(rulebook=book, accumulation=3, faces=[12, 14], auto=["rage"])
    rows = []
    for _ in range(4):
        table.play()
        rows.append(table.effect.micro_scales)
    assert [(1.0, 1.5, 1.5), (1.5, 1.5, 1.5), (1.5, 1.5, 1.5), ()] == rows


def test_a_wave_of_micro_rolls_wounds_once():
    """Of four fumbles in one turn only the last one, which counts at the table, stings."""
    book = replace(RULEBOOKS["hero"], roll_on="micro")
    table = make_table(rulebook=book, accumulation=4, faces=[1, 1, 1, 1], fate=[2])
    assert [2] == [hurt.damage for hurt in of(HeroHurt, table.play())]
    table = make_table(rulebook=book, accumulation=4, faces=[1, 1, 1, 12])
    assert [] == of(HeroHurt, table.play())


def test_in_last_micro_mode_only_the_last_roll_counts_and_the_classes_sleep():
    """The gradient takes the last k; no ability, passive form, monster or XP for rolls."""
    table = make_table(
        rulebook=replace(RULEBOOKS["source"], roll_on="last-micro"),
        dc=15,
        accumulation=3,
        faces=[20, 1, 15] * 40,
        auto=["rage"],
        xp_rolls=True,
        encounter_mode="random",
        encounter_chance=1.0,
    )
    facts = table.play(UseAbility("rage"))
    assert StepEffect(grad_scale=0.02) == table.effect
    assert ["classes sleep in that mode" in fact.reason for fact in of(CommandRefused, facts)] == [True]
    assert [0, 1, 2] == [roll.micro for roll in of(DiceRolled, facts)]
    table.play_turns(20)
    assert [] == [fact for kind in (AbilityUsed, MonsterAppeared, XPGained) for fact in of(kind, table.facts)]


def test_a_negative_k_stops_the_learning_rate_at_zero_and_says_so():
    """The table's -1 is told, the lever is 0, and the roll carries the reason."""
    table = make_table(rulebook=replace(RULEBOOKS["source-fixed"], hook="lr"), faces=[1, 20])
    roll = of(DiceRolled, table.play())[0]
    assert (-1.0, "a learning rate cannot be negative: it stops at 0") == (roll.k, roll.note)
    assert StepEffect(lr_scale=0.0) == table.effect
    assert "" == of(DiceRolled, table.play())[0].note


@pytest.mark.parametrize("hook", ["loss", "grad"])
def test_the_hook_can_be_a_placebo(hook):
    """k, rage included, rides on the chosen lever; the bound still holds."""
    table = make_table(rulebook=replace(RULEBOOKS["hero"], hook=hook), faces=[20])
    table.play(UseAbility("rage"))
    assert StepEffect(clip_factor=2.0, decay_factor=0.0, **{f"{hook}_scale": 3.0}) == table.effect


def test_a_custom_rulebook_must_fit_the_die():
    """Twenty numbers for a d20."""
    with pytest.raises(RulesError, match="for a d20 needs 20 numbers, not 4"):
        make_rules(custom_rulebook([0.0, 0.5, 1.0, 2.0]))
    table = make_table(rulebook=custom_rulebook([0.0, 0.5, 1.0, 2.0]), sides=4, faces=[3])
    table.play()
    assert StepEffect() == table.effect


def test_the_turns_rolls_do_not_depend_on_what_else_happens():
    """With the same seed, monsters, wounds, rests and healing leave every natural roll as it was."""
    calm, wild = make_table(seed=5), make_table("wizard", seed=5, encounter_mode="random", encounter_chance=0.5)
    for turn in range(300):
        calm.play()
        wild.play(finite=turn % 40 != 7)
        wild.game.learned(turn, 4.0 - turn / 100)
    assert len(of(MonsterStruck, wild.facts)) > 50
    assert [roll.natural for roll in of(DiceRolled, calm.facts)] == [roll.natural for roll in of(DiceRolled, wild.facts)]


def test_ending_a_turn_that_has_not_begun_is_our_mistake():
    """The two halves come in pairs."""
    table = make_table()
    table.play()
    with pytest.raises(AssertionError, match="end_turn without begin_turn"):
        table.game.end_turn(2, None)
