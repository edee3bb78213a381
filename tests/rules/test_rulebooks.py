from dataclasses import replace
from math import ceil, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.rules.naming import RulesError
from rolltrain_tui.rules.rulebooks import RULEBOOKS, custom_rulebook, odds, scaled_dc, within_bounds

DICE = (4, 6, 8, 10, 12, 20, 100)


def judged(book, sides=20, modifier=0, dc=15, level=1):
    return [RULEBOOKS[book].judge(face, modifier, dc, sides, level) for face in range(1, sides + 1)]


def rounds_to(printed, value):
    """Whether the value, rounded to the printed digits, is what is printed."""
    half = 0.5 * 10 ** -len(printed.split(".")[1])
    return abs(value - float(printed)) <= half + 1e-12


@pytest.mark.parametrize(
    ("book", "modifier", "dc", "mean", "rms", "p_zero"),
    [
        ("source", 0, 15, "0.0050", "0.3165", "0.70"),
        ("source", 2, 15, "0.0615", "0.2249", "0.65"),
        ("source", -1, 15, "-0.0450", "0.2239", "0.75"),
        ("readme", 0, 15, "0.167", "0.535", "0.00"),
        ("methodology", 0, 15, "0.0025", "0.599", "0.05"),
        ("hero", 2, 15, "0.778", "0.897", "0.05"),
        ("off", 2, 12, "1.0000", "1.0000", "0.00"),
    ],
)
def test_the_arithmetic_of_each_rulebook(book, modifier, dc, mean, rms, p_zero):
    """E[k], sqrt(E[k^2]) and P(k=0) on a d20, to the printed digits."""
    row = odds(RULEBOOKS[book], 20, modifier, dc, "none")
    assert rounds_to(mean, row.mean)
    assert rounds_to(rms, row.rms)
    assert rounds_to(p_zero, row.p_zero)


def test_the_default_campaign_keeps_nine_tenths_of_the_update():
    """hero with INT 15 against DC 12: E[k] 0.912 with a standard deviation of 0.48."""
    row = odds(RULEBOOKS["hero"], 20, 2, 12, "none")
    assert rounds_to("0.912", row.mean)
    assert rounds_to("0.48", row.deviation)


@pytest.mark.parametrize(
    ("book", "modifier", "printed"),
    [
        ("source", 0, "0.016"),
        ("source", 2, "0.27"),
        ("source", -1, "-0.20"),
        ("readme", 0, "0.31"),
        ("methodology", 0, "0.004"),
        ("hero", 2, "0.87"),
    ],
)
def test_what_adam_keeps_of_a_loss_hook(book, modifier, printed):
    """Efficiency is mean over rms, at DC 15."""
    assert rounds_to(printed, odds(RULEBOOKS[book], 20, modifier, 15, "none").efficiency)


def test_hero():
    """Natural 1 holds the weights, a miss is a half, a hit 1 + margin/sides, a natural 20 is two: INT 15 against DC 15."""
    expected = [("fumble", 0.0)] + [("miss", 0.5)] * 11 + [("hit", 1 + margin / 20) for margin in range(7)] + [("crit", 2.0)]
    assert expected == judged("hero", modifier=2)


def test_source_sees_criticals_on_the_total():
    """INT 15: a natural 18 is critical, a 1 cannot fumble, a 20 is worth 0.07. INT 8: a 2 fumbles and no critical is left."""
    clever, dull = judged("source", modifier=2), judged("source", modifier=-1)
    assert [("miss", 0.0), ("crit", 1.0), ("hit", 0.07)] == [clever[0], clever[17], clever[19]]
    assert ("fumble", -1.0) == dull[1]
    assert "crit" not in {outcome for outcome, _ in dull}


def test_source_fixed_has_the_same_numbers_on_the_natural_die():
    """-1 on a natural 1, 1 on a natural 20, hundredths of the margin between, nothing below the DC."""
    expected = [("fumble", -1.0)] + [("miss", 0.0)] * 11 + [("hit", margin / 100) for margin in range(7)] + [("crit", 1.0)]
    assert expected == judged("source-fixed", modifier=2)


def test_readme():
    """-1; a small step back on a miss; the roll's fraction on a hit; 1."""
    expected = (
        [("fumble", -1.0)] + [("miss", -(15 - f) / 100) for f in range(2, 15)] + [("hit", f / 20) for f in range(15, 20)] + [("crit", 1.0)]
    )
    assert expected == judged("readme")


def test_methodology():
    """0; the roll's fraction backwards on a miss; forwards on a hit; 1."""
    expected = [("fumble", 0.0)] + [("miss", -f / 20) for f in range(2, 15)] + [("hit", f / 20) for f in range(15, 20)] + [("crit", 1.0)]
    assert expected == judged("methodology")


def test_classic_xp_grows_heros_k_by_a_tenth_a_level():
    """At level 4, 1.3 times hero's table; at level 1 the same; never above 3."""
    assert judged("hero", modifier=2) == judged("classic-xp", modifier=2)
    assert [min(3.0, k * 1.3) for _, k in judged("hero", modifier=2)] == pytest.approx(
        [k for _, k in judged("classic-xp", modifier=2, level=4)]
    )
    assert 3.0 == judged("classic-xp", modifier=2, level=20)[19][1]


@pytest.mark.parametrize("book", sorted(set(RULEBOOKS) - {"classic-xp"}))
def test_no_other_rulebook_looks_at_the_level(book):
    """Level never changes the update except under classic-xp."""
    assert judged(book, level=1) == judged(book, level=20)


def test_off_shows_the_dice_and_asks_for_the_plain_update():
    """Outcomes are told as in hero and k is 1 on every face of every die."""
    assert [outcome for outcome, _ in judged("hero")] == [outcome for outcome, _ in judged("off")]
    assert {1.0} == {k for sides in DICE for _, k in judged("off", sides=sides)}


def test_custom_takes_k_from_the_natural_face():
    """One number a face, whatever the modifier; outcomes are named as in hero; k keeps to the bounds."""
    book = custom_rulebook([-3.0, 0.25, 1.5, 3.0])
    assert [("fumble", -1.0), ("miss", 0.25), ("hit", 1.5), ("crit", 3.0)] == [book.judge(face, 1, 18, 4, 1) for face in (1, 2, 3, 4)]


def test_custom_needs_its_faces():
    """An empty table and a face beyond it are errors with a sentence."""
    with pytest.raises(RulesError, match="every face"):
        custom_rulebook([])
    with pytest.raises(RulesError, match="names 2 faces; a 3 was rolled"):
        custom_rulebook([1.0, 1.0]).judge(3, 0, 12, 4, 1)


@pytest.mark.parametrize(
    ("dc", "sides", "expected"), [(15, 20, 15), (15, 4, 3), (12, 6, 4), (12, 12, 8), (12, 100, 60), (1, 4, 1), (11, 10, 6)]
)
def test_the_difficulty_is_scaled_to_the_die(dc, sides, expected):
    """ceil(dc x sides / 20), except in source."""
    assert expected == ceil(dc * sides / 20) == scaled_dc(dc, sides) == RULEBOOKS["hero"].difficulty(dc, sides)
    assert dc == RULEBOOKS["source"].difficulty(dc, sides)


@pytest.mark.parametrize("sides", DICE)
def test_natural_faces_decide_criticals_on_every_die(sides):
    """Except in source, the lowest face fumbles and the highest is critical whatever the modifier."""
    for book in set(RULEBOOKS) - {"source"}:
        for modifier in (-5, 0, 5):
            row = judged(book, sides=sides, modifier=modifier)
            assert ("fumble", "crit") == (row[0][0], row[-1][0])


@given(st.sampled_from(sorted(RULEBOOKS)), st.sampled_from(DICE), st.integers(-5, 5), st.integers(1, 30), st.integers(1, 20))
def test_odds_with_two_dice_are_those_of_all_pairs(book, sides, modifier, dc, level):
    """The exact odds equal a plain count over every pair of faces; advantage and disadvantage average to one die."""
    sides = min(sides, 20)
    scales = [RULEBOOKS[book].judge(face, modifier, dc, sides, level)[1] for face in range(1, sides + 1)]
    pairs = [scales[max(a, b)] for a in range(sides) for b in range(sides)]
    high, low, one = (odds(RULEBOOKS[book], sides, modifier, dc, a, level) for a in ("advantage", "disadvantage", "none"))
    mean = sum(pairs) / len(pairs)
    assert mean == pytest.approx(high.mean)
    assert sqrt(sum(k * k for k in pairs) / len(pairs)) == pytest.approx(high.rms)
    assert sqrt(sum((k - mean) ** 2 for k in pairs) / len(pairs)) == pytest.approx(high.deviation, abs=1e-9)
    assert sum(k == 0 for k in pairs) / len(pairs) == pytest.approx(high.p_zero)
    assert one.mean == pytest.approx((high.mean + low.mean) / 2)


def test_odds_of_nothing_but_zero():
    """A table that is 0 everywhere has no efficiency, and says 0."""
    row = odds(custom_rulebook([0.0] * 4), 4, 0, 12, "none")
    assert (0.0, 0.0, 0.0, 1.0, 0.0) == (row.mean, row.rms, row.deviation, row.p_zero, row.efficiency)


@pytest.mark.parametrize(
    ("hook", "effect"),
    [
        ("update", StepEffect(update_scale=-0.5)),
        ("lr", StepEffect(lr_scale=0.0)),
        ("loss", StepEffect(loss_scale=-0.5)),
        ("grad", StepEffect(grad_scale=-0.5)),
    ],
)
def test_one_roll_a_turn_acts_through_the_hook(hook, effect):
    """k rides on the chosen lever; a learning rate stops at 0."""
    assert effect == replace(RULEBOOKS["hero"], hook=hook).effect([-0.5])


def test_source_weighs_the_summed_gradients_of_its_window():
    """Every micro-batch's k is multiplied by K, so that the mean of the weighted losses is their sum."""
    assert StepEffect(micro_scales=(-4.0, 0.0, 0.12, 4.0)) == RULEBOOKS["source"].effect([-1.0, 0.0, 0.03, 1.0])


def test_micro_rolls_of_other_rulebooks_are_averaged_and_always_ride_on_the_loss():
    """k is the weight of its micro-batch, whatever the rulebook's hook for one roll."""
    assert StepEffect(micro_scales=(0.5, 2.0)) == replace(RULEBOOKS["hero"], roll_on="micro", hook="lr").effect([0.5, 2.0])


def test_the_last_micro_roll_rides_on_the_gradient():
    """loss and grad hooks become grad_scale of the last k; update and lr keep their lever."""
    book = replace(RULEBOOKS["source"], roll_on="last-micro")
    assert StepEffect(grad_scale=0.04) == book.effect([1.0, -1.0, 0.04])
    assert StepEffect(update_scale=0.04) == replace(book, hook="update").effect([1.0, 0.04])
    assert StepEffect(lr_scale=0.04) == replace(book, hook="lr").effect([1.0, 0.04])


def test_the_plain_update_is_the_neutral_effect():
    """k = 1, once or on every micro-batch, touches no lever."""
    assert () == RULEBOOKS["off"].effect([1.0]).levers()
    assert () == replace(RULEBOOKS["off"], roll_on="micro").effect([1.0, 1.0]).levers()


def test_what_k_zero_does_to_the_moments_is_the_rulebooks_choice():
    """on_zero travels with the effect."""
    assert "hold" == RULEBOOKS["hero"].effect([0.0]).on_zero
    assert "skip" == replace(RULEBOOKS["hero"], on_zero="skip").effect([0.0]).on_zero


@given(k=st.floats(-1, 3), others=st.floats(0.01, 10))
def test_the_whole_product_keeps_to_its_bounds(k, others):
    """k times all else lies in [-1, 3], and k is left alone where it already does."""
    drawn_in = within_bounds(k, others)
    assert -1 - 1e-9 <= drawn_in * others <= 3 + 1e-9
    assert drawn_in == k or not -1 <= k * others <= 3
