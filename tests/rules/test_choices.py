import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tabletop import make_table, of

from rolltrain_tui.protocol.commands import RaiseStat
from rolltrain_tui.protocol.events import CommandRefused, DiceRolled, HeroFell, LevelGained, StatRaised
from rolltrain_tui.rules.hero.levels import xp_of_level
from rolltrain_tui.rules.rulebooks import RULEBOOKS, odds
from rolltrain_tui.runs.saves.migrations import bring_up


def climb(table, level):
    """XP to that level, in one go."""
    return table.game.life.gain_xp(table.turn, xp_of_level("source", level) - table.game.hero.xp, "a test")


def at_level(level, *, start=1, **table):
    found = make_table(level=start, choices=True, **table)
    found.facts += climb(found, level)
    return found


def reasons(facts):
    return [fact.reason for fact in of(CommandRefused, facts)]


def test_five_levels_bring_a_choice():
    """Up to level 20 there are choices at 4, 8, 12, 16 and 19, told with the level and counted until they are made."""
    gained = of(LevelGained, at_level(20).facts)
    assert [4, 8, 12, 16, 19] == [g.sheet.level for g in gained if "a choice: +2 to an ability score" in g.gains]
    assert [0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5] == [g.sheet.choices for g in gained]


def test_without_choices_nothing_rises():
    """With adventure.choices off no level brings one, scores stay, and the order is refused."""
    table = make_table(choices=False)
    before = dict(table.game.hero.stats)
    gained = of(LevelGained, climb(table, 20))
    assert {0} == {g.sheet.choices for g in gained}
    assert ["Ability scores do not rise in this campaign (adventure.choices)."] == reasons(table.play(RaiseStat("STR")))
    assert before == table.game.hero.stats


def test_a_raised_int_opens_the_rulebook_anew():
    """INT 15 to 17: the die's modifier is 3 from this turn's roll on, and the fact carries the new E[k]."""
    table = at_level(4, faces=[8])
    facts = table.play(RaiseStat("INT"))
    (raised,), (roll,) = of(StatRaised, facts), of(DiceRolled, facts)
    assert odds(RULEBOOKS["hero"], 20, 3, 12, "none", 4).mean == raised.sheet.expected_k == table.game.sheet().expected_k
    assert ("INT", 17, 0) == (raised.stat, raised.score, raised.sheet.choices)
    assert (3, 11) == (roll.modifier, roll.total)


def test_a_raised_con_brings_hit_points():
    """CON 14 to 16 is one more HP for every level, had at once."""
    table = at_level(4)
    hp, most = table.game.hero.hp, table.game.hero.max_hp
    (raised,) = of(StatRaised, table.play(RaiseStat("CON")))
    assert (hp + 4, most + 4) == (raised.sheet.hp, raised.sheet.max_hp) == (table.game.hero.hp, table.game.hero.max_hp)


def test_refusals():
    """No choice left, no such score, a score of 20."""
    table = at_level(8, stats={"STR": 19})
    assert ['There is no ability score "LUCK". Known: CHA, CON, DEX, INT, STR, WIS.'] == reasons(table.play(RaiseStat("LUCK")))
    assert [20] == [fact.score for fact in of(StatRaised, table.play(RaiseStat("STR")))]
    assert ["STR is 20 already; no score rises above that."] == reasons(table.play(RaiseStat("STR")))
    assert ["There is nothing to choose; level 12 brings a choice."] == reasons(table.play(RaiseStat("WIS"), RaiseStat("WIS")))


def test_a_hero_who_starts_high_has_had_its_choices():
    """The scores of a campaign's file are those of the level in it."""
    assert [0, 1] == [at_level(level, start=5).game.sheet().choices for level in (5, 8)]


def test_a_fall_takes_back_what_the_camp_had_not_seen():
    """Level 4, a raise, a fall to the camp of level 3: the score is the old one, and level 4 brings the choice again, once."""
    table = at_level(3)
    table.game.camp(0)
    climb(table, 4)
    table.play(RaiseStat("INT"))
    (fell, *_) = table.game.life._fall(1)
    assert isinstance(fell, HeroFell)
    assert (3, 15, 0) == (fell.sheet.level, dict(fell.sheet.stats)["INT"], fell.sheet.choices)
    assert fell.sheet.expected_k == odds(RULEBOOKS["hero"], 20, 2, 12, "none", 3).mean
    climb(table, 4)
    assert 1 == table.game.sheet().choices


def test_a_fall_keeps_what_the_camp_had_seen():
    """A raise before the camp stays, and is not had again."""
    table = at_level(4)
    table.play(RaiseStat("INT"))
    table.game.camp(1)
    (fell, *_) = table.game.life._fall(2)
    assert (4, 17, 0) == (fell.sheet.level, dict(fell.sheet.stats)["INT"], fell.sheet.choices)


@given(st.lists(st.sampled_from(["STR", "DEX", "CON", "INT", "WIS", "CHA"]), max_size=8), st.integers(1, 20))
def test_no_more_is_raised_than_was_earned(stats, level):
    """Whatever is asked for, raises and pending choices together are the levels', and no score passes 20."""
    table = at_level(level)
    earned = table.game.sheet().choices
    raised = of(StatRaised, table.play(*map(RaiseStat, stats)))
    assert earned == len(raised) + table.game.sheet().choices
    assert max(table.game.hero.stats.values()) <= 20


@pytest.mark.parametrize("raised", [False, True])
def test_choices_are_saved(raised):
    """Through JSON: what is pending, the scores and the odds are the same."""
    table = at_level(8)
    if raised:
        table.play(RaiseStat("INT"))
    other = make_table(choices=True, seed=5).game
    other.load_state_dict(json.loads(json.dumps(table.game.state_dict())))
    assert (table.game.sheet().choices, table.game.sheet().expected_k) == (other.sheet().choices, other.sheet().expected_k)
    assert table.game.state_dict() == other.state_dict()


def test_a_save_of_before_there_were_choices():
    """It has no pending ones, and its scores survive a fall."""
    state = make_table(level=6).game.state_dict()
    del state["life"]["growth"], state["life"]["rests"]["camp_stats"], state["life"]["rests"]["camp_raised"], state["bag"]
    game = make_table(choices=True).game
    game.load_state_dict(bring_up(1, "", {"campaign": {"game": state}})[1]["campaign"]["game"])
    assert 0 == game.sheet().choices
    game.life._fall(3)
    assert 16 == game.hero.stats["STR"]
