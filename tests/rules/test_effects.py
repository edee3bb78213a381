from dataclasses import fields, replace
from math import prod
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect

factor = st.floats(0.1, 4)
noise = st.floats(0, 0.3)
LEVERS = {
    "update_scale": st.floats(-3, 3),
    "lr_scale": factor,
    "loss_scale": factor,
    "grad_scale": factor,
    "micro_scales": st.sampled_from([(), (1.0, 2.0), (0.5, -1.0)]),
    "on_zero": st.sampled_from(["hold", "skip"]),
    "clip_factor": factor,
    "decay_factor": factor,
    "extra_steps": st.integers(0, 3),
    "batch_factor": factor,
    "weight_noise": noise,
    "target_noise": noise,
    "norm_cap": st.floats(0.1, 1),
    "agreeing_gain": factor,
    "cautious": st.booleans(),
    "drop_worst": st.integers(0, 3),
    "extra_batch_factor": factor,
    "forget_momentum": st.booleans(),
    "heal_alpha": st.sampled_from([0.0, 0.25, 0.5]),  # of these 1 - (1 - alpha) is alpha, to the bit
    "restore_best": st.booleans(),
    "rollback": st.booleans(),
    "dials": st.sampled_from([(), (("gamma", "0.9"),), (("sync", ""),)]),
}
effects = st.builds(StepEffect, **LEVERS)


def test_all_levers_are_tried():
    """A new lever is combined in the tests below, or this one fails."""
    assert list(LEVERS) == [field.name for field in fields(StepEffect)]


def values(effect):
    """The effect as numbers that can be compared up to rounding."""
    levers = [getattr(effect, name) for name in StepEffect.__slots__ if name not in ("micro_scales", "on_zero", "dials")]
    dials = [float(dial in effect.dials) for dial in (("gamma", "0.9"), ("sync", ""))]
    return [*map(float, levers), *effect.micro_scales, float(effect.on_zero == "skip"), *dials]


@given(effects, effects, effects)
def test_effects_combine_in_any_grouping(a, b, c):
    """Combination is associative up to rounding."""
    assert values(a.combine(b).combine(c)) == pytest.approx(values(a.combine(b.combine(c))))


@given(effects, effects)
def test_effects_combine_in_any_order(a, b):
    """Combination is commutative."""
    assert values(a.combine(b)) == pytest.approx(values(b.combine(a)))


@given(effects)
def test_the_neutral_effect_changes_nothing(effect):
    """It is the identity on both sides, to the bit."""
    assert effect == effect.combine(NEUTRAL) == NEUTRAL.combine(effect)


def test_micro_batches_must_match():
    """Weights for 2 and for 3 micro-batches cannot be combined."""
    with pytest.raises(ValueError, match="2 and 3 micro-batches"):
        StepEffect(micro_scales=(1.0, 1.0)).combine(StepEffect(micro_scales=(1.0, 1.0, 1.0)))


@given(effects)
def test_what_is_asked_is_the_product_of_all_factors_on_a_step(effect):
    """k asked: update, learning rate, loss and gradient, and the mean over the micro-batches; no other lever is in it."""
    scales = (effect.update_scale, effect.lr_scale, effect.loss_scale, effect.grad_scale)
    micro = mean(effect.micro_scales or (1.0,))
    assert effect.k_requested == pytest.approx(prod(scales) * micro)


BOUNDS = {
    **dict.fromkeys(("lr_scale", "decay_factor", "weight_noise", "extra_steps", "drop_worst"), (0, None)),
    **dict.fromkeys(("target_noise", "heal_alpha"), (0, 1)),
    "norm_cap": (None, 1),
}


@pytest.mark.parametrize(("lever", "least", "most"), [(lever, *bounds) for lever, bounds in BOUNDS.items()])
def test_a_lever_may_stand_at_its_bound_and_not_beyond(lever, least, most):
    """Beyond it the lever is named with its value."""
    for bound, beyond in ((least, -1), (most, 1)):
        if bound is not None:
            assert "" == replace(NEUTRAL, **{lever: bound}).out_of_range
            assert f"{lever} is {bound + beyond}, not" in replace(NEUTRAL, **{lever: bound + beyond}).out_of_range


@pytest.mark.parametrize("lever", ["clip_factor", "batch_factor", "norm_cap", "extra_batch_factor"])
def test_some_levers_are_more_than_nothing(lever):
    """Nothing of a batch or of a norm cannot be learned from."""
    assert f"{lever} is 0, not more than 0" == replace(NEUTRAL, **{lever: 0}).out_of_range
    assert "" == replace(NEUTRAL, **{lever: 1e-9}).out_of_range
