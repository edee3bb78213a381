import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.loaded_dice import LoadedDice

from rolltrain_tui.rules.dice import DiceError, SeededDice, cast, with_advantage


def test_a_seeded_d20_is_fair():
    """100,000 rolls at a fixed seed: chi-square over 20 faces below its 99.9th percentile (43.8 at 19 degrees of freedom)."""
    dice, rolls = SeededDice(7), 100_000
    counts = Counter(dice.roll(20) for _ in range(rolls))
    expected = rolls / 20
    assert set(range(1, 21)) == set(counts)
    assert sum((count - expected) ** 2 / expected for count in counts.values()) < 43.8


def test_one_roll_says_nothing_about_the_next():
    """Pairs of successive d6 rolls are as fair as single ones: chi-square over 36 pairs below its 99.9th percentile (66.6)."""
    dice, pairs = SeededDice(11), 36_000
    counts = Counter((dice.roll(6), dice.roll(6)) for _ in range(pairs))
    assert sum((counts[pair] - 1000) ** 2 / 1000 for pair in ((a, b) for a in range(1, 7) for b in range(1, 7))) < 66.6


@pytest.mark.parametrize(("advantage", "ways"), [("advantage", lambda f: 2 * f - 1), ("disadvantage", lambda f: 2 * (20 - f) + 1)])
def test_two_dice_keep_the_right_one(advantage, ways):
    """With advantage face f comes up in 2f-1 of 400 ways, with disadvantage the other way round: chi-square below 43.8."""
    dice, rolls = SeededDice(3), 100_000
    counts = Counter(cast(dice, 20, advantage)[1] for _ in range(rolls))
    assert sum((counts[f] - rolls * ways(f) / 400) ** 2 / (rolls * ways(f) / 400) for f in range(1, 21)) < 43.8


def test_all_dice_on_the_table_are_told():
    """A cast names every die and the one that counts; a single die is itself."""
    assert ((5, 17), 17) == cast(LoadedDice([5, 17]), 20, "advantage")
    assert ((5, 17), 5) == cast(LoadedDice([5, 17]), 20, "disadvantage")
    assert ((5,), 5) == cast(LoadedDice([5]), 20, "none")


def test_advantage_cancels_disadvantage_and_does_not_stack():
    """Advantage on top of each of the three states."""
    assert ["advantage", "advantage", "none"] == [with_advantage(a) for a in ("none", "advantage", "disadvantage")]


@given(seed=st.integers(0, 2**63 - 1), before=st.integers(0, 50))
def test_seeded_dice_go_on_exactly_where_they_were_saved(seed, before):
    """State taken at any moment, through JSON, continues the same rolls in other dice."""
    dice, other = SeededDice(seed), SeededDice(0)
    for _ in range(before):
        dice.roll(20)
    other.load_state_dict(json.loads(json.dumps(dice.state_dict())))
    assert [dice.roll(20) for _ in range(30)] == [other.roll(20) for _ in range(30)]


def test_dice_of_one_seed_agree_on_every_machine():
    """The rolls of a seed are fixed numbers, so a replay holds between versions of Python."""
    dice = SeededDice(7)
    assert [7, 4, 14, 2, 11, 8, 2, 11, 1, 9] == [dice.roll(20) for _ in range(10)]


def test_loaded_dice_fall_as_told_and_then_as_the_others():
    """Loaded faces first, then the dice behind them."""
    dice, plain = LoadedDice([20, 1], then=SeededDice(5)), SeededDice(5)
    assert [20, 1, plain.roll(20), plain.roll(20)] == [dice.roll(20) for _ in range(4)]


def test_loaded_dice_go_on_exactly_where_they_were_saved():
    """The faces left and the dice behind them are both part of the state."""
    dice, other = LoadedDice([3, 4, 5], then=SeededDice(5)), LoadedDice([], then=SeededDice(6))
    dice.roll(20)
    other.load_state_dict(json.loads(json.dumps(dice.state_dict())))
    assert [dice.roll(20) for _ in range(6)] == [other.roll(20) for _ in range(6)]


def test_loaded_dice_say_when_they_run_out():
    """Without dice behind them, the roll after the last face is an error with a sentence."""
    dice = LoadedDice([2])
    dice.roll(20)
    with pytest.raises(DiceError, match="run out of faces: a d20 was asked for"):
        dice.roll(20)


@pytest.mark.parametrize("face", [0, 7])
def test_a_loaded_face_must_exist_on_the_die(face):
    """Faces below 1 or above the die's sides are refused."""
    with pytest.raises(DiceError, match=f"face {face} does not exist on a d6"):
        LoadedDice([face]).roll(6)


@pytest.mark.parametrize(
    "state", [{}, {"version": 3, "words": [1, 2]}, {"version": 3, "words": ["a"] * 625}, {"version": 9, "words": None}]
)
def test_dice_refuse_a_state_that_is_not_theirs(state):
    """A damaged save is an error for people, whatever is wrong with it."""
    with pytest.raises(DiceError, match="not the state"):
        SeededDice(1).load_state_dict(state)
    with pytest.raises(DiceError, match="not the state"):
        LoadedDice([1]).load_state_dict(state)
