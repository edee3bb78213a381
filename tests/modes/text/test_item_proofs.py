"""The proof of each item: what it claims is what a real learner measures, under each optimiser, clipped or not."""

import pytest
from support.trials import Begin, Trial

from rolltrain_tui.protocol.commands import UseItem
from rolltrain_tui.protocol.learner import StepReport
from rolltrain_tui.rules.monsters.loot import ITEMS

pytestmark = pytest.mark.slow


def given(begin: Begin, item: str, *overrides: str, **table: object) -> Trial:
    """A trial of a fighter who carries one item."""
    trial = begin("fighter", *overrides, loot=True, **table)
    trial.game.bag.items[item] = 1
    return trial


def used(trial: Trial, item: str) -> list[StepReport]:
    """The report of every turn that it holds, and of one more."""
    turns = len(ITEMS[item].effects)
    return [trial.play(UseItem(item)), *(trial.play() for _ in range(turns))]  # type: ignore[arg-type]


def clips(trial: Trial) -> float | None:
    return trial.learner.config.optimizer.clip


def test_a_potion_of_calm_is_three_tenths(begin: Begin) -> None:
    """Ten turns of k = 0.300, then plain steps."""
    felt = [report.k_effective for report in used(given(begin, "potion_of_calm"), "potion_of_calm")]
    assert [0.3] * 10 == pytest.approx(felt[:-1], abs=1e-3)
    assert felt[-1] is None


def test_a_scroll_of_warm_up_is_a_quarter_more(begin: Begin) -> None:
    """Twenty turns that begin at 1.5 and fall: mean k 1.25; then plain steps."""
    felt = [report.k_effective for report in used(given(begin, "scroll_of_warm_up"), "scroll_of_warm_up")]
    assert 1.25 == pytest.approx(sum(felt[:20]) / 20, abs=0.01)
    assert 1.5 == pytest.approx(felt[0], abs=0.01)
    assert felt[:20] == sorted(felt[:20], reverse=True)
    assert felt[20] is None


def test_an_amulet_clips_at_half(begin: Begin) -> None:
    """For twenty turns the gradient that the optimiser saw has half the threshold's norm, or its own where that is shorter."""
    trial = given(begin, "amulet_of_clipping")
    *worn, after = used(trial, "amulet_of_clipping")
    clip = clips(trial)
    for report in worn:
        expected = {} if clip is None else {"clip_factor": min(0.5, report.grad_norm / clip)}
        assert expected == pytest.approx(dict(report.measured), rel=1e-4)
    assert {} == dict(after.measured)


def test_a_ring_halves_the_distance_to_the_mean(begin: Begin) -> None:
    """|theta' - mean| / |theta - mean| = 0.5 to six digits, with the validation loss before and after; once."""
    first, after = used(given(begin, "ring_of_the_mean", warm=12), "ring_of_the_mean")
    assert 0.5 == pytest.approx(first.measured["heal_alpha"], abs=1e-6)
    assert {"heal_alpha.val_before", "heal_alpha.val_after"} <= set(first.measured)
    assert {} == dict(after.measured)


def test_a_bag_of_data_is_twice_the_text(begin: Begin) -> None:
    """Ten turns of twice the tokens and twice the energy."""
    trial = given(begin, "bag_of_data")
    plain = trial.play()
    *large, after = used(trial, "bag_of_data")
    assert {(2 * plain.tokens, 2.0)} == {(report.tokens, report.measured["batch_factor"]) for report in large}
    assert [2 * plain.gflop] * 10 == pytest.approx([report.gflop for report in large])
    assert plain.tokens == after.tokens


def test_a_vial_forgets_the_momentum(begin: Begin) -> None:
    """The first moments' norm before the step is zero; once."""
    trial = given(begin, "vial_of_forgetting")
    first, after = used(trial, "vial_of_forgetting")
    remembers = trial.learner.config.optimizer.name == "adamw" or trial.learner.config.optimizer.beta1 > 0
    assert (0.0, remembers) == (first.measured["forget_momentum"], first.measured["forget_momentum.before"] > 0)
    assert {} == dict(after.measured)


def test_a_tome_asks_what_source_asks(begin: Begin) -> None:
    """A hit by 3 asks for 3 % of the update and a total of 1 for a whole step back; under plain SGD that is what the weights do."""
    faces = [16] * 10 + [2] * 10 + [20]
    trial = given(begin, "cursed_tome", "optimizer.weight_decay=0.0", faces=faces, rulebook="hero", stats={"INT": 8})
    *cursed, after = used(trial, "cursed_tome")
    asked = [0.03] * 10 + [-1.0] * 10
    assert asked == pytest.approx([report.k_requested for report in cursed])
    optimizer = trial.learner.config.optimizer
    if clips(trial) is None and optimizer.name == "sgd" and optimizer.beta1 == 0:
        assert asked == pytest.approx([report.k_effective for report in cursed], abs=1e-3)
    assert 2.0 == pytest.approx(after.k_effective, abs=1e-3)
