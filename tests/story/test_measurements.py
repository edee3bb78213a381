"""What levers measured of themselves is told in words that carry the numbers."""

from collections.abc import Callable

import pytest

from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.story.measurements import evidence

LOOK_BACK = ("heal_alpha", "restore_best", "norm_cap")


@pytest.mark.parametrize(
    ("effect", "lever"),
    [
        (StepEffect(rollback=True), "rollback"),
        (StepEffect(restore_best=True), "restore_best"),
        (StepEffect(heal_alpha=0.5), "heal_alpha"),
        (StepEffect(forget_momentum=True), "forget_momentum"),
        (StepEffect(agreeing_gain=1.2), "agreeing_gain"),
        (StepEffect(cautious=True), "cautious"),
        (StepEffect(norm_cap=0.9), "norm_cap"),
        (StepEffect(extra_steps=1, extra_batch_factor=0.5), "extra_steps"),
        (StepEffect(batch_factor=4.0), "batch_factor"),
        (StepEffect(drop_worst=1), "drop_worst"),
        (StepEffect(clip_factor=2.0), "clip_factor"),
        (StepEffect(weight_noise=0.1), "weight_noise"),
        (StepEffect(target_noise=0.25), "target_noise"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_lever_that_measures_is_told(make_learner: Callable[..., TextLearner], effect: StepEffect, lever: str) -> None:
    """A turn under one lever is told in exactly one phrase, built from what the learner really measured."""
    learner = make_learner()
    learner.prepare(LOOK_BACK)
    for _ in range(12):
        learner.step(NEUTRAL)
    learner.remember(learner.evaluate(8))
    measured = learner.step(effect).measured
    assert lever in measured
    assert 1 == len(evidence(measured))


def test_the_words_carry_the_numbers() -> None:
    """What was claimed can be read off: twice the same loss, a distance halved, a momentum gone."""
    assert ("back 3 evaluations: val 1.9021, stored 1.9021",) == evidence(
        {"restore_best": 1.9021, "restore_best.stored": 1.9021, "restore_best.age": 3.0}
    )
    healed = {"heal_alpha": 0.5, "heal_alpha.val_before": 2.31, "heal_alpha.val_after": 2.277}
    assert ("distance to the average ×0.500, val 2.3100 → 2.2770 at once",) == evidence(healed)
    masked = {"cautious": 1.64, "cautious.others": 0.0, "cautious.share": 0.61, "cautious.struck": 11742.0}
    assert ("11,742 weights agree (61%): ×1.640, the others ×0",) == evidence(masked)
    hidden = {"drop_worst": 2.0, "drop_worst.kept": 2.1, "drop_worst.dropped": 3.4}
    assert ("2 sequences hidden, loss 3.400 beside 2.100",) == evidence(hidden)
    assert ("0 sequences hidden",) == evidence({"drop_worst": 0.0, "drop_worst.kept": 2.1})
    assert ("|m| 3.2 → 0",) == evidence({"forget_momentum.before": 3.2, "forget_momentum": 0.0})


def test_levers_without_numbers_say_nothing() -> None:
    """A plain turn has no evidence beyond its k."""
    assert () == evidence({}) == evidence({"unheard_of": 1.0})
