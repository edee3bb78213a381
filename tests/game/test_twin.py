"""The twin: paired with its hero in everything but the effect, and a verdict that the numbers force."""

import json
import math
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.game.counterfactual import Comparison, Twin, comparison_of, look_turns
from rolltrain_tui.modes.text.learner import TextLearner, probe_overlap
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.learner import StepAbandoned

MakeLearner = Callable[..., TextLearner]
LOSSES = st.lists(st.floats(0, 10), min_size=2, max_size=20)


def compare(hero: Sequence[float], twin: Sequence[float]) -> Comparison:
    return comparison_of([a - b for a, b in zip(hero, twin, strict=True)])


def test_the_paired_difference_by_hand() -> None:
    """Differences -1, -2, -3 have mean -2, standard deviation 1, and a standard error of 1 / sqrt(3)."""
    found = compare([1.0, 5.0, 2.0], [2.0, 7.0, 5.0])
    assert (-2.0, pytest.approx(1 / math.sqrt(3)), "helped") == (found.delta, found.standard_error, found.verdict)


def test_sequences_that_overlap_make_the_error_larger() -> None:
    """Read four times over, they are a quarter as many: the error is twice as large, and the verdict goes by it."""
    apart, over = (comparison_of([-1.0, -2.0, -3.0], overlap=overlap) for overlap in (1.0, 4.0))
    assert (apart.delta, 2 * apart.standard_error) == (over.delta, over.standard_error)
    assert (apart.verdict, over.verdict) == ("helped", "no measurable effect")


@pytest.mark.parametrize(("word", "factor"), [("counted", probe_overlap(100, 112, 8)), ("ignored", 1.0)])
def test_a_twin_on_a_short_text_counts_the_overlap(word: str, factor: float, make_learner: MakeLearner) -> None:
    """At each look, and in the verdict."""
    hero = make_learner(f"data.overlap={word}")
    hero._val = hero._val[:120]
    twin = Twin(hero)
    twin.learner._val = hero._val
    twin.step(NEUTRAL)
    hero.step(StepEffect(update_scale=1.5))
    found = twin.look(100)
    assert found.standard_error == pytest.approx(comparison_of(twin.looks[0]).standard_error * math.sqrt(factor))
    assert twin.judge() == found


def test_pairing_cancels_how_hard_a_sequence_is() -> None:
    """The same gain on an easy and on a very hard sequence has no spread at all."""
    assert 0.0 == compare([0.5, 100.5, 7.5], [0.0, 100.0, 7.0]).standard_error


@given(LOSSES)
def test_equal_losses_are_exactly_nothing(losses: list[float]) -> None:
    """No difference anywhere: 0 with a standard error of 0, and no verdict for either side."""
    assert (0.0, 0.0, "no measurable effect") == ((found := compare(losses, losses)).delta, found.standard_error, found.verdict)


@given(LOSSES.flatmap(lambda a: st.tuples(st.just(a), st.lists(st.floats(0, 10), min_size=len(a), max_size=len(a)))))
def test_trading_places_turns_the_verdict(pair: tuple[list[float], list[float]]) -> None:
    """Hero and twin exchanged: the difference changes its sign, help becomes hurt, and the standard error stays."""
    here, there = compare(*pair), compare(*reversed(pair))
    turned = {"helped": "hurt", "hurt": "helped"}
    assert (-here.delta, here.standard_error) == (there.delta, there.standard_error)
    assert turned.get(here.verdict, here.verdict) == there.verdict


@pytest.mark.parametrize(
    ("delta", "standard_error", "verdict"),
    [
        (-0.0201, 0.01, "helped"),
        (-0.02, 0.01, "no measurable effect"),
        (0.02, 0.01, "no measurable effect"),
        (0.0201, 0.01, "hurt"),
        (-0.001, math.inf, "no measurable effect"),
        (math.nan, math.nan, "no measurable effect"),
    ],
)
def test_the_verdict_needs_more_than_two_standard_errors(delta: float, standard_error: float, verdict: str) -> None:
    """Exactly two are not enough, and what is unknown takes no side."""
    assert verdict == Comparison(delta, standard_error).verdict


def test_what_cannot_be_compared() -> None:
    """One sequence has no spread to judge by; an infinite loss makes the comparison not finite."""
    assert math.inf == compare([1.0], [2.0]).standard_error
    assert not compare([1.0, math.inf], [1.0, 2.0]).finite
    assert not compare([1.0, math.inf], [1.0, math.inf]).finite


def test_losses_of_sequences_are_those_of_the_evaluation(make_learner: MakeLearner) -> None:
    """The evaluation's value is the mean of the losses of its sequences."""
    whole = make_learner().evaluate(12)
    assert (12, 12) == (whole.count, len(whole.values))
    assert whole.value == pytest.approx(sum(whole.values) / 12)


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_twin_under_the_same_effects_is_the_hero(make_learner: MakeLearner, dropout: float) -> None:
    """Same effects, noise and dropout included: the same weights to the bit, and a difference of exactly 0."""
    hero = make_learner(f"model.dropout={dropout}")
    hero.step(NEUTRAL)
    twin = Twin(hero)
    effect = StepEffect(update_scale=1.3, weight_noise=0.01, target_noise=0.2)
    for _ in range(3):
        twin.step(effect)
        hero.step(effect)
    assert hero.weights_sha256() == twin.learner.weights_sha256()
    assert Comparison(0.0, 0.0) == twin.look(16) == twin.judge()


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("greedy", [{"extra_steps": 2}, {"batch_factor": 0.5}, {"batch_factor": 2.0}])
def test_reading_more_or_less_does_not_part_the_batches(make_learner: MakeLearner, greedy: dict[str, float], dropout: float) -> None:
    """After a turn in which only the hero read another amount of data, both read the same batch again, under the same dropout."""
    hero = make_learner(f"model.dropout={dropout}")
    twin = Twin(hero)
    still = StepEffect(update_scale=0.0)
    twin.step(still)
    hero.step(StepEffect(update_scale=0.0, **greedy))  # type: ignore[arg-type]
    assert twin.step(still).loss == hero.step(still).loss


def test_the_twin_does_not_touch_the_hero(make_learner: MakeLearner) -> None:
    """Forking, walking and judging leave the hero's road as it would have been."""
    alone, hero = make_learner(), make_learner()
    twin = Twin(hero)
    for _ in range(3):
        twin.step(StepEffect(update_scale=2.0, weight_noise=0.1))
        hero.step(NEUTRAL)
        alone.step(NEUTRAL)
    twin.look(8)
    twin.start_over()
    alone.step(NEUTRAL)
    hero.step(NEUTRAL)
    assert alone.weights_sha256() == hero.weights_sha256()
    assert alone.state_dict() == hero.state_dict()


def test_starting_over_is_a_new_fork(make_learner: MakeLearner) -> None:
    """A twin used again stands where the hero stands, moments and schedule included, and its energy counts from 0."""
    hero = make_learner()
    twin = Twin(hero)
    twin.step(StepEffect(update_scale=3.0))
    hero.step(NEUTRAL)
    hero.snapshot()
    twin.start_over()
    assert 0.0 == twin.gflop
    for learner in (hero, twin.learner):
        learner.step(NEUTRAL)
        learner.step(StepEffect(rollback=True))
    assert hero.weights_sha256() == twin.learner.weights_sha256()


def test_energy_is_steps_and_both_evaluations(make_learner: MakeLearner) -> None:
    """What the twin costs is its steps and, at each look, two evaluations."""
    hero = make_learner()
    twin = Twin(hero)
    twin.step(NEUTRAL)
    step = hero.step(NEUTRAL).gflop
    twin.look(8)
    assert pytest.approx(step + 2 * hero.evaluate(8).gflop) == twin.gflop


def test_the_stop_flag_reaches_the_twin(make_learner: MakeLearner) -> None:
    """A twin's step is abandoned as the hero's would be, and can be taken later as if nothing had been."""
    hero = make_learner()
    twin, other = Twin(hero), Twin(hero)
    hero.should_stop = lambda: True
    with pytest.raises(StepAbandoned):
        twin.step(NEUTRAL)
    hero.should_stop = lambda: False
    twin.step(NEUTRAL)
    other.step(NEUTRAL)
    assert twin.learner.weights_sha256() == other.learner.weights_sha256()
    assert twin.gflop == other.gflop


def test_a_twin_is_kept(make_learner: MakeLearner) -> None:
    """Loaded into a new twin of the same hero, it goes on bit for bit."""
    hero = make_learner()
    twin = Twin(hero)
    twin.step(StepEffect(update_scale=2.0))
    hero.step(NEUTRAL)
    twin.look(6)
    again = Twin(hero)
    again.load_state(twin.tensors(), json.loads(json.dumps(twin.state_dict())))
    for one in (twin, again):
        one.step(StepEffect(update_scale=0.5))
        one.look(6)
    assert twin.judge() == again.judge()
    assert twin.learner.weights_sha256() == again.learner.weights_sha256()
    assert twin.state_dict() == again.state_dict()


def test_the_verdict_is_over_all_looks(make_learner: MakeLearner) -> None:
    """Each sequence counts with its mean difference over the looks: a harm that has passed by the last look still counts."""
    hero = make_learner()
    twin = Twin(hero)
    twin.looks = [[0.4, 0.2], [0.0, 0.0]]
    assert compare([0.2, 0.1], [0.0, 0.0]) == twin.judge()


@given(st.integers(1, 300))
def test_looks_are_spread_over_the_walk(turns: int) -> None:
    """At most four, in order, the last one at the end; on walks of four turns or more exactly four."""
    looks = look_turns(turns)
    assert (min(turns, 4), turns) == (len(looks), looks[-1])
    assert sorted(looks) == list(looks)
    assert 1 <= looks[0]
