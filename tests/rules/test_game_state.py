import json
from copy import deepcopy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tabletop import Report, make_table

from rolltrain_tui.protocol.commands import SetAuto, TakeShortRest, UseAbility
from rolltrain_tui.rules.hero.levels import proficiency
from rolltrain_tui.rules.naming import RulesError

COMMANDS = {
    "barbarian": (UseAbility("rage"), UseAbility("reckless_attack"), UseAbility("rage", "dismiss"), SetAuto("rage", True), TakeShortRest()),
    "wizard": (
        UseAbility("arcane_recovery"),
        UseAbility("spell_mastery", "steady"),
        UseAbility("spell_mastery", "dismiss"),
        SetAuto("arcane_recovery", True),
        TakeShortRest(),
    ),
}
orders = st.sampled_from([None] * 6 + [0, 1, 2, 3, 4])
health = st.sampled_from([True] * 4 + [False])
stories = st.lists(st.tuples(orders, health, st.floats(1.0, 5.0)), min_size=1, max_size=60)


def new_table(hero_class, seed):
    return make_table(hero_class, seed=seed, encounter_mode="random", encounter_chance=0.2, short_rest_every=5, xp_rolls=True, level=3)


def tell(game, hero_class, turns, story):
    """Play the scripted turns; everything that comes out, as text."""
    told = []
    for turn, (order, healthy, loss) in zip(turns, story, strict=True):
        told.append(game.begin_turn(turn, [] if order is None else [COMMANDS[hero_class][order]]))
        told.append(game.end_turn(turn, Report(finite=healthy)))
        told += [game.learned(turn, loss)] if turn % 4 == 0 else []
        told += [game.camp(turn)] if turn % 11 == 0 else []
    return told


@settings(max_examples=60)
@given(hero_class=st.sampled_from(["barbarian", "wizard"]), seed=st.integers(0, 99), story=stories, cut=st.integers(0, 60))
def test_a_game_saved_and_loaded_at_any_turn_goes_on_identically(hero_class, seed, story, cut):
    """Through JSON into a new game with other dice: every later fact, effect and state is the same."""
    cut = min(cut, len(story))
    straight, resumed = new_table(hero_class, seed).game, new_table(hero_class, seed + 1).game
    tell(straight, hero_class, range(1, cut + 1), story[:cut])
    resumed.load_state_dict(json.loads(json.dumps(straight.state_dict())))
    later = range(cut + 1, len(story) + 1)
    assert tell(straight, hero_class, later, story[cut:]) == tell(resumed, hero_class, later, story[cut:])
    assert straight.state_dict() == resumed.state_dict()
    assert straight.sheet().expected_k == resumed.sheet().expected_k


def test_stories_of_these_tests_hold_everything_worth_saving():
    """Among the scripted games are monsters with afflictions, abilities in force, death saves, falls and a pending rollback."""
    seen = set()
    for seed in range(6):
        game = new_table("barbarian", seed).game
        for turn in range(1, 200):
            tell(game, "barbarian", [turn], [(turn % 5 if turn % 9 == 0 else None, turn % 30 < 20, 3.0)])
            seen |= {name for name, held in game.loadout.held.items() if held.form}
            seen |= {"afflicted"} if game.encounters.afflicted else set()
            seen |= {"dying"} if game.life.death.failures else set()
            seen |= {"rollback"} if game.rollback_due else set()
    assert {"rage", "reckless_attack", "afflicted", "dying", "rollback"} == seen


def test_a_game_can_be_saved_between_the_halves_of_a_turn():
    """The roll of the turn under way travels with the state."""
    table, other = new_table("barbarian", 4), new_table("barbarian", 5)
    table.play_turns(5)
    table.game.begin_turn(6, [UseAbility("rage")])
    other.game.load_state_dict(json.loads(json.dumps(table.game.state_dict())))
    assert table.game.end_turn(6, Report()) == other.game.end_turn(6, Report())
    assert table.game.state_dict() == other.game.state_dict()


def test_the_state_is_a_copy():
    """Playing on does not change a state taken before."""
    table = new_table("wizard", 8)
    table.play_turns(3)
    state = table.game.state_dict()
    kept = deepcopy(state)
    table.play(UseAbility("spell_mastery", "steady"))
    table.play_turns(20)
    assert kept == state


@pytest.mark.parametrize("missing", ["life", "encounters", "roll", "dice", "monster_dice"])
def test_a_state_with_a_hole_is_refused(missing):
    """A RulesError with a sentence, whatever is missing."""
    game = new_table("wizard", 1).game
    state = game.state_dict()
    del state[missing]
    with pytest.raises(RulesError, match="This is not the state of a game"):
        game.load_state_dict(state)


@pytest.mark.parametrize(
    ("path", "value"), [(("life", "hero"), 3), (("life", "kit"), {}), (("encounters", "monster"), "basilisk"), (("roll",), 5)]
)
def test_a_state_with_nonsense_in_it_is_refused(path, value):
    """Wrong types and unknown names are errors for people too."""
    game = new_table("wizard", 1).game
    state = game.state_dict()
    part = state
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(RulesError, match="This is not the state of a game"):
        game.load_state_dict(state)


@pytest.mark.parametrize("level", [1, 5, 9])
def test_a_sheet_tells_the_hero_as_he_stands(level):
    """Every number that events and screens know of him, after a wound and two deaths."""
    life = make_table("wizard", level=level).game.life
    life.gain_xp(1, 50, "the past")
    life.hurt(1, 3, "a test")
    life.hero.deaths = 2
    hero, sheet = life.hero, life.sheet()
    told = (sheet.name, sheet.hero_class, sheet.level, sheet.proficiency, dict(sheet.stats), sheet.modifier)
    assert told == (hero.name, "wizard", level, proficiency(level), hero.stats, hero.modifier("INT"))
    assert (sheet.hp, sheet.max_hp, sheet.xp) == (hero.max_hp - 3, hero.max_hp, hero.xp)
    assert (sheet.next_level_xp, sheet.expected_k) == (life.next_level_xp(), life.rulebook.odds.mean)
    assert (sheet.charges, sheet.choices, sheet.deaths) == (life.loadout.charges(), life.choices_pending, 2)
