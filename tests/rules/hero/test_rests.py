import pytest
from support.tabletop import make_table, of

from rolltrain_tui.protocol.commands import TakeShortRest, UseAbility
from rolltrain_tui.protocol.events import CommandRefused, HeroHealed, Rested

REST = TakeShortRest()


def refusals(facts):
    return [fact.reason for fact in of(CommandRefused, facts)]


def test_a_short_rest_spends_hit_dice_until_three_quarters():
    """Dice are rolled one by one, each with CON, until HP is at least three quarters; the rest are kept."""
    table = make_table(level=3, faces=[], fate=[6, 9, 12])
    table.game.hero.hp = 6
    facts = table.play(REST)
    assert ["CommandAccepted", "HeroHealed", "Rested"] == [type(fact).__name__ for fact in facts[:3]]
    assert [HeroHealed(1, 19, 25, "a short rest")] == of(HeroHealed, facts)[:1]
    assert [Rested(1, "short", table.game.sheet())] == of(Rested, facts)
    assert 1 == table.game.hero.hit_dice


def test_without_hit_dice_a_short_rest_heals_nothing():
    """It is still a rest."""
    table = make_table(faces=[])
    table.game.hero.hp, table.game.hero.hit_dice = 1, 0
    facts = table.play(REST)
    assert [] == of(HeroHealed, facts)
    assert 1 == len(of(Rested, facts))


def test_short_rests_have_a_distance():
    """The next one is possible a hundred turns after the last."""
    table = make_table(faces=[])
    table.play(REST)
    table.play_turns(98)
    assert ["Too soon after the last short rest; the next is possible at turn 101."] == refusals(table.play(REST))
    assert [] == refusals(table.play(REST))


def test_two_short_rests_between_camps_are_the_most():
    """A third waits for the camp, and the refusal says when that is."""
    table = make_table(faces=[], short_rest_every=1)
    table.play(REST)
    table.play(REST)
    assert ["2 short rests between camps are the most; the next camp is at turn 250."] == refusals(table.play(REST))
    table.game.camp(3)
    assert [] == refusals(table.play(REST))


def test_nobody_rests_in_a_rage():
    """Refused while it lasts, allowed when it is over."""
    table = make_table(faces=[])
    assert ["Nobody rests in a rage: wait until it has run out, or dismiss it."] == refusals(table.play(UseAbility("rage"), REST))
    assert [] == refusals(table.play(UseAbility("rage", "dismiss"), REST))


@pytest.mark.parametrize("hero_class", ["barbarian", "wizard"])
def test_a_camp_gives_everything_back(hero_class):
    """Full HP, all hit dice and charges."""
    table = make_table(hero_class, level=4, faces=[])
    fresh = table.game.sheet().charges
    table.play(UseAbility(fresh[0].ability))
    hero = table.game.hero
    hero.hp, hero.hit_dice = 1, 0
    (rested,) = of(Rested, table.game.camp(1))
    assert ("long", hero.max_hp, fresh) == (rested.kind, rested.sheet.hp, rested.sheet.charges)
    assert (hero.max_hp, 4) == (hero.hp, hero.hit_dice)
