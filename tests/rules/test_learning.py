import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tabletop import make_table, of

from rolltrain_tui.protocol.events import HeroFell, HeroHealed, HeroHurt, LevelGained, XPGained


def test_the_first_evaluation_only_sets_the_best():
    """No XP, no healing, no wound."""
    assert [] == make_table().game.learned(0, 4.2)


def test_a_new_best_teaches_and_heals():
    """1000 XP per nat, and a hit die with the CON modifier."""
    table = make_table(fate=[5])
    table.game.learned(0, 4.2)
    table.game.hero.hp = 3
    assert [HeroHealed(50, 7, 10, "a new best validation loss"), XPGained(50, 432, 432, "learning")] == table.game.learned(50, 3.7684)


def test_healing_stops_at_the_maximum_and_is_at_least_one():
    """A full hero is told nothing; a frail one's die less CON still gives 1."""
    table = make_table()
    table.game.learned(0, 4.0)
    assert [] == of(HeroHealed, table.game.learned(1, 3.9))
    table = make_table(fate=[1], stats={"CON": 3})
    table.game.hero.hp = 1
    table.game.learned(0, 4.0)
    assert [1] == [fact.amount for fact in of(HeroHealed, table.game.learned(1, 3.9))]


@pytest.mark.parametrize(
    ("worse", "damage"), [(0.001, 1), (0.03, 1), (0.031, 2), (0.06, 2), (0.09, 3), (5.0, 3), (float("inf"), 3), (float("nan"), 3)]
)
def test_forgetting_hurts(worse, damage):
    """ceil(100 x / 3) for x nats above the best, at most a quarter of the HP."""
    table = make_table()
    table.game.learned(0, 2.5)
    facts = table.game.learned(50, 2.5 + worse)
    assert [HeroHurt(50, damage, 14 - damage, "the validation loss rose")] == facts


def test_the_same_loss_again_is_nothing():
    """Neither better nor worse."""
    table = make_table()
    table.game.learned(0, 2.5)
    assert [] == table.game.learned(50, 2.5)


def test_xp_counts_from_the_best_so_far():
    """Going up and down again earns nothing twice."""
    table = make_table()
    facts = [fact for turn, loss in enumerate((4.0, 3.5, 3.9, 3.5, 3.4)) for fact in table.game.learned(turn, loss)]
    assert [500, 100] == [fact.amount for fact in of(XPGained, facts)]


def test_learning_xp_may_be_off():
    """The hero still heals."""
    table = make_table(xp_learning=False)
    table.game.hero.hp = 1
    table.game.learned(0, 4.0)
    assert [HeroHealed] == [type(fact) for fact in table.game.learned(1, 1.0)]


def test_a_level_comes_with_its_gains():
    """Level 3 by 2600 XP at once: two levels, their HP, the third rage, and the next level's XP."""
    table = make_table()
    table.game.learned(0, 4.6)
    second, third = of(LevelGained, table.game.learned(50, 2.0))
    assert (2, 2, 23, 23, 2500, ("max HP 14 → 23",)) == (
        second.sheet.level,
        second.sheet.proficiency,
        second.sheet.hp,
        second.sheet.max_hp,
        second.sheet.next_level_xp,
        second.gains,
    )
    assert ("max HP 23 → 32", "Rage: 3 a long rest") == third.gains
    assert (3, 3, 4750) == (third.sheet.charges[0].left, third.sheet.charges[0].most, third.sheet.next_level_xp)
    assert pytest.approx(0.9125) == third.sheet.expected_k


def test_a_wizards_levels_open_cantrips_and_proficiency():
    """Calm at 3, Quicken and +3 at 5."""
    table = make_table("wizard")
    table.game.learned(0, 9.0)
    gains = {fact.sheet.level: fact.gains for fact in of(LevelGained, table.game.learned(50, 0.5))}
    assert "Spell Mastery: Calm, three tenths of every update: the bouncing settles" in gains[3]
    assert gains[5][1:] == ("proficiency bonus +3", "Spell Mastery: Quicken, a quarter more of every update")


def test_classic_xp_says_what_a_level_does_to_k():
    """The only rulebook in which a level changes the update says so, and the sheet's E[k] follows."""
    table = make_table(rulebook="classic-xp")
    table.game.learned(0, 3.0)
    (gained,) = of(LevelGained, table.game.learned(50, 2.0))
    assert "every k ×1.1" in gained.gains
    assert 0.9125 * 1.1 == pytest.approx(gained.sheet.expected_k) == pytest.approx(table.game.sheet().expected_k)


@pytest.mark.parametrize(("rolls", "near", "amount"), [(True, False, [140, 220]), (True, True, [280, 440]), (False, False, [])])
def test_rolls_may_be_worth_xp(rolls, near, amount):
    """10 x the total of hits and criticals, doubled while a monster is near; misses and fumbles are worth nothing."""
    table = make_table(faces=[12, 20, 2, 1], fate=[1] * 40, xp_rolls=rolls, xp_monsters=False)
    if near:
        table.game.encounters.wander(0, 1.0, ("loss_dragon",), table.game.monster_dice)
    table.play_turns(4)
    assert amount == [fact.amount for fact in of(XPGained, table.facts)]


@given(seed=st.integers(0, 10_000), losses=st.lists(st.floats(0.5, 6.0), min_size=1, max_size=8), auto=st.booleans())
def test_xp_and_hit_points_keep_their_bounds(seed, losses, auto):
    """Through any story XP falls only when the hero does, and HP stay between 0 and the maximum."""
    table = make_table(
        seed=seed,
        xp_rolls=True,
        encounter_mode="random",
        encounter_chance=0.3,
        auto=["rage"] if auto else [],
    )
    game = table.game
    for loss in losses:
        for _ in range(15):
            before = game.hero.xp
            facts = table.play(finite=table.turn % 7 != 3)
            assert game.hero.xp >= before or of(HeroFell, facts)
            assert 0 <= game.hero.hp <= game.hero.max_hp
        before = game.hero.xp
        game.learned(table.turn, loss)
        assert game.hero.xp >= before
        assert 0 <= game.hero.hp <= game.hero.max_hp
