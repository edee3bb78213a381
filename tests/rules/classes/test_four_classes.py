"""Rogue, Fighter, Cleric and Paladin at the table: charges, economy, words, and how abilities stand beside each other."""

import json

import pytest
from support.tabletop import make_table, of

from rolltrain_tui.protocol.commands import UseAbility
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import AbilityEnded, AbilityUsed, CommandRefused, DiceRolled, MonsterActed, MonsterStruck
from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.rules.classes.cleric import prayer_chance
from rolltrain_tui.rules.classes.paladin import smite_k
from rolltrain_tui.rules.classes.rogue import sneak_gain
from rolltrain_tui.rules.hero.levels import TOP_LEVEL


@pytest.mark.parametrize(
    ("hero_class", "pools"),
    [
        ("rogue", {"sneak_attack": (2, "short"), "cunning_action": (2, "short")}),
        ("fighter", {"second_wind": (2, "short"), "action_surge": (1, "short")}),
        ("cleric", {"healing_word": (3, "long"), "divine_intervention": (1, "long")}),
        ("paladin", {"divine_smite": (3, "long"), "aura_of_protection": (1, "short")}),
    ],
)
def test_the_charge_table(hero_class, pools):
    """Each pool at level 1, and the rest that brings it back."""
    assert pools == {c.ability: (c.left, c.recharge) for c in make_table(hero_class).game.sheet().charges}


@pytest.mark.parametrize("hero_class", CLASSES)
def test_nothing_is_new_twice(hero_class):
    """On the way from level 1 to the last, each line of what a level brings is told once; some level brings something."""
    loadout, told = make_table(hero_class).game.loadout, []
    for level in range(2, TOP_LEVEL + 1):
        before, loadout.hero.level = loadout.hero.level, level
        told += loadout.level_changed(before)
    assert len(told) == len(set(told)) > 0


@pytest.mark.parametrize(("level", "gain"), [(1, 1.2), (2, 1.2), (3, 1.4), (5, 1.6), (7, 1.8), (9, 2.0), (20, 2.0)])
def test_sneak_attack_grows(level, gain):
    """A fifth for every two levels, five at most."""
    assert gain == sneak_gain(level)


def test_formulas():
    """A smite of 12, 15, 19 and 30; a prayer at levels 1, 10 and 20."""
    assert [1.2, 1.5, 1.9, 2.5] == [smite_k(total) for total in (12, 15, 19, 30)]
    assert [15, 60, 100] == [prayer_chance(level) for level in (1, 10, 20)]


def test_a_second_wind_is_not_spent_for_nothing():
    """Under hero a miss is half an update already: it keeps its charge and the turn its k."""
    table = make_table("fighter", faces=[5], auto=["second_wind"])
    assert [] == of(AbilityUsed, table.play())
    assert StepEffect(update_scale=0.5) == table.effect


def test_a_replaced_k_is_bounded_and_multiplied():
    """A passive smite on a critical hit would be 2 x 2.2; the turn takes 3."""
    table = make_table("paladin", faces=[20], auto=["divine_smite"])
    table.play()
    assert 3.0 == table.effect.update_scale


def test_a_twin_without_the_ability_has_the_tables_k():
    """Without Second Wind the fumble's 0 stands; without the smite the roll's k."""
    table = make_table("fighter", faces=[1], auto=["second_wind"])
    table.game.begin_turn(1, ())
    assert [0.5, 0.0] == [table.game.effect_without(names).update_scale for names in ((), ("second_wind",))]


def test_a_rage_lets_nothing_heal():
    """While a rage holds, an ability that heals is refused with a sentence."""
    table = make_table(faces=[])
    table.play(UseAbility("rage"))
    kit, cleric = table.game.loadout, make_table("cleric").game.loadout
    kit.abilities, kit.held = (*kit.abilities, *cleric.abilities), {**kit.held, **cleric.held}
    for name in ("healing_word", "divine_intervention"):
        refusals = of(CommandRefused, table.play(UseAbility(name)))
        assert ["A rage heals nothing and turns nothing back: wait until it has run out, or dismiss it."] == [r.reason for r in refusals]


def test_an_armed_smite_strikes_the_monster_too():
    """2d8 more damage to a monster that the smitten hit struck, once."""
    ooze = {"encounter_mode": "random", "encounter_chance": 1.0, "bestiary": ("gradient_ooze",)}
    table = make_table("paladin", faces=[12, 12, 12], fate=[1, 1, 1, 5, 6], **ooze)
    table.play()
    facts = table.play(UseAbility("divine_smite"))
    assert [4, 11] == [struck.damage for struck in of(MonsterStruck, facts)]
    assert ["it has struck"] == [end.reason for end in of(AbilityEnded, facts)]
    assert 1 == len(of(MonsterStruck, table.play()))


def test_a_smite_that_comes_by_itself_is_the_trainings_alone():
    """Its turn takes a larger update, and the blow of that turn strikes the monster no harder."""
    ooze = {"encounter_mode": "random", "encounter_chance": 1.0, "bestiary": ("gradient_ooze",)}
    alone, with_smite = (make_table("paladin", faces=[12, 14], fate=[1], auto=auto, **ooze) for auto in ((), ("divine_smite",)))
    for table in (alone, with_smite):
        table.play_turns(2)
    assert ["divine_smite"] == [used.ability for used in of(AbilityUsed, with_smite.facts)]
    assert with_smite.effect.update_scale > alone.effect.update_scale
    assert of(MonsterStruck, alone.facts) == of(MonsterStruck, with_smite.facts) != []


@pytest.mark.parametrize(("auto", "bonus"), [((), 0), (("aura_of_protection",), 4)])
def test_the_aura_adds_charisma_to_saves(auto, bonus):
    """CHA 18 adds 4 to a saving throw while the aura is up."""
    wraith = {"encounter_mode": "random", "encounter_chance": 1.0, "bestiary": ("weight_wraith",)}
    fate = [1, 1, *([1] * 3), 1, 6, 2, 6]
    table = make_table("paladin", faces=[], fate=fate, auto=auto, stats={"CHA": 18}, **wraith)
    table.play_turns(5)
    act = of(MonsterActed, table.facts)[0]
    assert act.total == act.natural + table.game.hero.save_bonus(act.save_stat) + bonus


def test_the_aura_needs_its_word():
    """Without auto a 3 is a 3; with it the 3 is shown and counts as 8, on a d100 as 40; the cap comes at level 11."""
    rolls = [
        of(DiceRolled, make_table("paladin", faces=[3], auto=auto, sides=sides).play())[0]
        for auto, sides in (((), 20), (("aura_of_protection",), 20), (("aura_of_protection",), 100))
    ]
    assert [(3,), (3,), (3,)] == [roll.naturals for roll in rolls]
    assert [3, 8, 40] == [roll.natural for roll in rolls]
    for level, cap in ((10, 1.0), (11, 0.9)):
        table = make_table("paladin", level=level, auto=["aura_of_protection"])
        table.play()
        assert cap == table.effect.norm_cap


def test_an_unanswered_prayer_says_so():
    """One turn in the story, ended at once, nothing done to the training."""
    table = make_table("cleric", faces=[], rulebook="off", fate=[16])
    facts = table.play(UseAbility("divine_intervention"))
    assert [(1, 0, "d100 16 against 15: no answer before the next camp")] == [(u.turns, u.charges, u.note) for u in of(AbilityUsed, facts)]
    assert ["no answer"] == [end.reason for end in of(AbilityEnded, facts)]
    assert StepEffect() == table.effect


def test_what_abilities_know_is_saved():
    """Losses heard, an armed smite and a locked prayer come back from JSON."""
    for hero_class, order in (("paladin", "divine_smite"), ("cleric", "divine_intervention")):
        table = make_table(hero_class, faces=[3])
        table.play(UseAbility(order))
        other = make_table(hero_class, faces=[])
        other.game.load_state_dict(json.loads(json.dumps(table.game.state_dict())))
        assert table.game.loadout.held == other.game.loadout.held
        assert table.game.loadout.losses == other.game.loadout.losses
