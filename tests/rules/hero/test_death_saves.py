from dataclasses import replace

import pytest
from support.tabletop import make_table, of

from rolltrain_tui.protocol.commands import UseAbility
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import (
    AbilityEnded,
    CommandRefused,
    DeathSaveRolled,
    DiceRolled,
    HeroFell,
    HeroHealed,
    HeroHurt,
    LevelGained,
    MonsterLeft,
)


def downed(fate, **changes):
    """A table whose hero is at 0 HP before turn 1, with the given death saves to come."""
    table = make_table(rulebook="off", faces=[], fate=fate, **changes)
    table.game.learned(0, 5.0)
    table.game.hero.hp = 0
    return table


def saves(table):
    return [(save.natural, save.successes, save.failures) for save in of(DeathSaveRolled, table.facts)]


def test_three_successes_rise():
    """10 or more succeeds; the third brings the hero up with 1 HP, and the count starts anew the next time."""
    table = downed([10, 9, 19, 12])
    table.play_turns(4)
    assert [(10, 1, 0), (9, 1, 1), (19, 2, 1), (12, 3, 1)] == saves(table)
    assert [HeroHealed(4, 1, 1, "back on its feet")] == of(HeroHealed, table.facts)
    assert (0, 0) == (table.game.life.death.successes, table.game.life.death.failures)


def test_a_natural_20_is_up_at_once():
    """With 1 HP, whatever came before."""
    table = downed([2, 3, 20])
    table.play_turns(3)
    assert [HeroHealed(3, 1, 1, "back on its feet")] == of(HeroHealed, table.facts)


def test_a_natural_1_fails_twice():
    """Two rolls are enough to fall."""
    table = downed([1, 9])
    table.play_turns(2)
    assert [(1, 0, 2), (9, 0, 3)] == saves(table)
    assert 1 == len(of(HeroFell, table.facts))


def test_training_runs_at_half_pace_while_down():
    """Half of every update, until the turn after the hero is up."""
    table = downed([12, 12, 12])
    scales = []
    for _ in range(5):
        table.play()
        scales.append(table.effect.update_scale)
    assert [0.5, 0.5, 0.5, 1.0, 1.0] == scales


def test_going_down_ends_what_is_in_force():
    """A rage, a cantrip or recklessness does not outlast its hero, and none can be begun while down."""
    table = make_table(rulebook="off", faces=[], fate=[6, 6, 6, 6, 6, 6])
    table.play(UseAbility("rage"), UseAbility("reckless_attack"))
    table.play(finite=False)
    facts = table.play(finite=False)
    assert {"rage", "reckless_attack"} == {fact.ability for fact in of(AbilityEnded, table.facts)}
    assert {"Brakka is down"} == {fact.reason for fact in of(AbilityEnded, table.facts)}
    assert 0 == of(HeroHurt, table.facts)[-1].hp
    assert [] == of(DeathSaveRolled, facts)
    refused = of(CommandRefused, table.play(UseAbility("rage")))
    assert ["Brakka is down and can use no abilities; the death saves decide."] == [fact.reason for fact in refused]


def test_a_fall_returns_to_the_last_camp():
    """Weights by rollback in the next turn, XP, level and best loss as at the camp, half the HP, one more death, the monster gone."""
    table = make_table(rulebook="off", faces=[], encounter_mode="random", encounter_chance=0.0)
    game = table.game
    game.learned(0, 5.0)
    table.play()
    game.learned(1, 3.9)
    game.camp(1)
    at_camp = (game.hero.level, game.hero.xp, game.life.best)
    assert (2, 1100, 3.9) == at_camp
    gained = game.learned(1, 2.0)
    assert [3] == [fact.sheet.level for fact in of(LevelGained, gained)]
    game.encounters.wander(1, 1.0, ("loss_dragon",), game.monster_dice)
    game.hero.hp, game.life.death.failures = 0, 2
    game.monster_dice.roll = lambda sides: 5
    facts = table.play()
    assert [HeroFell(2, 1, replace(game.sheet(), hp=0, level=2, xp=1100, next_level_xp=2500, max_hp=23, deaths=1))] == of(HeroFell, facts)
    assert [MonsterLeft(2, "loss_dragon", "its foe has fallen")] == of(MonsterLeft, facts)
    assert (*at_camp, 23, 11) == (game.hero.level, game.hero.xp, game.life.best, game.hero.max_hp, game.hero.hp)
    assert game.rollback_due
    assert [] == game.learned(2, 1.0) + game.camp(2)
    table.play()
    assert StepEffect(rollback=True) == table.effect
    table.play()
    assert StepEffect() == table.effect


def test_before_the_first_camp_the_way_leads_back_to_the_start():
    """Turn 0, with the XP and the first evaluation of the start."""
    table = downed([1, 1])
    table.play_turns(2)
    assert [0] == [fact.back_to_turn for fact in of(HeroFell, table.facts)]
    assert (0, 5.0) == (table.game.hero.xp, table.game.life.best)


def test_without_deaths_the_last_hit_point_stays():
    """However often the loss is not finite: nobody is down, no death save is rolled, no update is slowed or thrown back."""
    table = make_table(rulebook="hero", faces=[10] * 20, deaths=False)
    for _ in range(20):
        table.play(finite=False)
        assert table.effect == StepEffect(update_scale=table.effect.update_scale)
    assert table.game.hero.hp == 1
    assert not of(DeathSaveRolled, table.facts)


def test_without_dice_monsters_and_deaths_nothing_wounds():
    """Neither a loss that is not finite nor a value that worsens takes a hit point."""
    table = make_table(rulebook="off", faces=[10] * 9, deaths=False)
    table.game.learned(0, 1.0)
    for turn in range(1, 10):
        table.play(finite=False)
        table.game.learned(turn, 100.0)
    assert table.game.hero.hp == table.game.hero.max_hp


def test_a_hero_of_an_older_save_who_was_down_rises_without_deaths():
    """With the next turn, with 1 HP, without a roll."""
    table = downed([], deaths=False)
    table.play()
    assert [HeroHealed(1, 1, 1, "back on its feet")] == of(HeroHealed, table.facts)


def test_a_hardcore_fall_ends_the_campaign():
    """The game is over, and nothing is rolled back."""
    table = downed([1, 1], hardcore=True)
    table.play_turns(2)
    fell = of(HeroFell, table.facts)
    assert [None] == [fact.back_to_turn for fact in fell]
    assert (True, False, 0) == (table.game.fallen, table.game.rollback_due, table.game.hero.hp)


@pytest.mark.parametrize("heal", ["evaluation", "camp"])
def test_healing_brings_a_downed_hero_up(heal):
    """A new best loss or a camp ends the death saves."""
    table = downed([12, 2])
    table.play_turns(2)
    _ = table.game.learned(2, 4.0) if heal == "evaluation" else table.game.camp(2)
    assert not table.game.hero.down
    assert (0, 0) == (table.game.life.death.successes, table.game.life.death.failures)
    assert [] == of(DeathSaveRolled, table.play())


def test_a_loss_that_is_not_finite_wounds():
    """2d6, whatever the roll."""
    table = make_table(faces=[], fate=[2, 3])
    assert [HeroHurt(1, 5, 9, "the loss was not finite")] == of(HeroHurt, table.play(finite=False))


def test_a_fumble_stings_and_never_fells():
    """1d4, down to the last hit point and no further."""
    table = make_table(faces=[1, 1, 1, 1, 1], fate=[3, 4, 4, 4, 4])
    table.play_turns(5)
    assert [3, 4, 4, 2] == [hurt.damage for hurt in of(HeroHurt, table.facts)]
    assert {"a fumble"} == {hurt.cause for hurt in of(HeroHurt, table.facts)}
    assert 1 == table.game.hero.hp


def test_facts_of_a_fall_describe_the_sheet():
    """The fact alone is enough to draw the sheet: level, XP and HP are those of the game."""
    table = downed([1, 1], level=4)
    table.play_turns(2)
    assert replace(table.game.sheet(), hp=0) == of(HeroFell, table.facts)[0].sheet


def test_after_a_fall_the_rulebook_is_read_at_the_old_level():
    """Under classic-xp the lost levels' share of k is lost too."""
    table = make_table(rulebook="classic-xp", faces=[], fate=[1] * 9)
    table.game.learned(0, 9.0)
    table.game.learned(1, 5.0)
    assert 0.9125 * 1.2 == pytest.approx(table.game.sheet().expected_k)
    table.game.hero.hp = 0
    table.play_turns(2)
    assert 0.9125 == pytest.approx(table.game.sheet().expected_k) == pytest.approx(of(HeroFell, table.facts)[0].sheet.expected_k)
    assert [1.1] == [roll.k for roll in of(DiceRolled, table.play())]
