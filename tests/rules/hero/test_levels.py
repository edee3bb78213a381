from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tabletop import STATS

from rolltrain_tui.rules.classes.classes import CLASSES
from rolltrain_tui.rules.hero import levels
from rolltrain_tui.rules.heroes import new_hero
from rolltrain_tui.rules.naming import RulesError


def test_the_source_table_is_a_thousand_growing_by_half():
    """Total XP of levels 1 to 6."""
    assert (0, 1000, 2500, 4750, 8125, 13187) == levels.XP_TABLES["source"][:6]


def test_the_srd_table():
    """Twenty levels, from 0 to 355,000 XP."""
    assert (20, 300, 6500, 355000) == (len(levels.XP_TABLES["srd"]), *(levels.xp_of_level("srd", n) for n in (2, 5, 20)))


@pytest.mark.parametrize("table", ["source", "srd"])
@given(xp=st.integers(0, 5_000_000))
def test_xp_lies_between_its_level_and_the_next(table, xp):
    """The level of any XP begins at or below it, and the next above it (until the top)."""
    level = bisect_right(levels.XP_TABLES[table], xp)
    assert levels.xp_of_level(table, level) <= xp
    assert level == levels.TOP_LEVEL or xp < levels.next_level_xp(table, level)


def test_the_top_level_has_no_next():
    """At level 20 the bar stays at level 20's XP."""
    assert 355000 == levels.next_level_xp("srd", 20)


def test_proficiency_grows_every_four_levels():
    """+2 +2 +2 +2 +3 ... +6."""
    assert [2] * 4 + [3] * 4 + [4] * 4 + [5] * 4 + [6] * 4 == [levels.proficiency(level) for level in range(1, 21)]


@pytest.mark.parametrize(("score", "modifier"), [(1, -5), (8, -1), (9, -1), (10, 0), (11, 0), (15, 2), (20, 5)])
def test_the_modifier_is_half_of_what_exceeds_ten_rounded_down(score, modifier):
    """floor((score - 10) / 2)."""
    assert modifier == levels.ability_modifier(score)


@pytest.mark.parametrize(("hero_class", "level", "hp"), [("barbarian", 1, 14), ("barbarian", 3, 32), ("wizard", 1, 8), ("wizard", 4, 26)])
def test_hit_points_are_a_full_die_then_averages(hero_class, level, hp):
    """d12 or d6 plus CON +2 at first, 7 or 4 plus 2 for each level after."""
    hero = new_hero("Brakka", hero_class, level, STATS)
    assert (hp, hp, level) == (hero.max_hp, hero.hp, hero.hit_dice)


def test_nobody_is_so_frail_that_a_level_takes_hit_points():
    """With CON 1 a wizard still has, and gains, one HP a level at least."""
    frail = {**STATS, "CON": 1}
    assert [1, 2, 3] == [new_hero("Twig", "wizard", level, frail).max_hp for level in (1, 2, 3)]


def test_a_level_gained_comes_with_its_hit_points():
    """Lost HP stay lost, new ones are there; a hero who is down stays down."""
    hero = new_hero("Brakka", "barbarian", 1, STATS)
    hero.hurt(5)
    hero.set_level(2)
    assert (18, 23, 2) == (hero.hp, hero.max_hp, hero.hit_dice)
    hero.hurt(100)
    hero.set_level(3)
    assert (0, 32) == (hero.hp, hero.max_hp)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=40))
def test_hit_points_stay_within_their_bounds(blows):
    """Wounds and healing of any size and order keep HP in [0, max], and say how much of them was felt."""
    hero = new_hero("Brakka", "barbarian", 2, STATS)
    for hurts, amount in blows:
        before = hero.hp
        change = -hero.hurt(amount) if hurts else hero.heal(amount)
        assert before + change == hero.hp
        assert 0 <= hero.hp <= hero.max_hp
        assert abs(change) <= amount


@pytest.mark.parametrize(("stat", "bonus"), [("STR", 5), ("CON", 4), ("DEX", 1), ("CHA", -1)])
def test_saving_throws_add_proficiency_where_the_class_has_it(stat, bonus):
    """A level-1 barbarian is proficient in STR and CON."""
    assert bonus == new_hero("Brakka", "barbarian", 1, STATS).save_bonus(stat)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"hero_class": "wizzard"}, 'no class "wizzard". Did you mean "wizard"'),
        ({"level": 0}, "between 1 and 20, not 0"),
        ({"level": 21}, "between 1 and 20, not 21"),
        ({"stats": {"STR": 10}}, "exactly the stats STR, DEX, CON, INT, WIS, CHA"),
        ({"stats": {**STATS, "INT": 21}}, "INT is 21"),
        ({"auto": ["rage"], "hero_class": "wizard"}, 'A Wizard has no ability "rage"'),
    ],
)
def test_a_hero_that_cannot_be_is_refused_with_a_sentence(changes, text):
    """Unknown class, level or stat out of range, ability of another class."""
    values = {"name": "Brakka", "hero_class": "barbarian", "level": 1, "stats": STATS, "auto": (), **changes}
    with pytest.raises(RulesError, match=text):
        new_hero(**values)


@pytest.mark.parametrize("row", CLASSES.values(), ids=CLASSES)
def test_every_class_is_drawn_and_described(row):
    """A portrait of equal width that fits a card, two abilities of its own, two saves, and words for the player."""
    from rolltrain_tui.rules.classes.abilities import ABILITIES

    assert 1 == len({len(line) for line in row.portrait})
    assert all(line.isascii() and len(line) <= 24 for line in row.portrait)
    assert [row.name] * 2 == [ABILITIES[name].hero_class for name in row.abilities]
    assert all((row.motto, row.difficulty, row.best_when, row.title))


def test_a_training_that_comes_back_from_infinity_teaches_a_number_of_xp():
    """One that diverged and was reset gains any amount, also one that is no number; and no evaluation takes XP away."""
    assert [0, 0, 500, levels.MOST_LEARNING_XP, levels.MOST_LEARNING_XP] == [
        levels.learning_xp(g) for g in (-1.0, 0.0, 0.5, 1e300, float("inf"))
    ]
