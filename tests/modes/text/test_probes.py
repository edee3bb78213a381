"""Probes: they tell what a run came to and leave no trace in it."""

from collections.abc import Callable
from math import dist, isfinite

import pytest
import torch

from rolltrain_tui.modes.text import probes
from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect

MakeLearner = Callable[..., TextLearner]


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of these tests writes a page as slowly as any other."""
    monkeypatch.setattr(probes, "CHARACTERS", 400)


def state_of(learner: TextLearner) -> tuple[dict[str, torch.Tensor], object]:
    return learner.tensors(), learner.state_dict()


@pytest.mark.slow
def test_a_probed_run_goes_on_as_if_it_had_not_been_asked(make_learner: MakeLearner) -> None:
    """Weights, moments and every stream are as they were: the next turns are the same to the last bit."""
    asked, left_alone = make_learner(), make_learner()
    for learner in (asked, left_alone):
        for _ in range(3):
            learner.step(NEUTRAL)
    found = probes.probe(asked)
    assert all(map(isfinite, found.values()))
    for learner in (asked, left_alone):
        learner.step(StepEffect(weight_noise=0.01, target_noise=0.1))
    ours, theirs = state_of(asked), state_of(left_alone)
    assert ours[1] == theirs[1]
    assert all(torch.equal(ours[0][name], tensor) for name, tensor in theirs[0].items())


@pytest.mark.slow
def test_probes_answer_the_same_twice(make_learner: MakeLearner) -> None:
    """The same weights give the same answers, wherever a run's own noise stream stands."""
    first, second = make_learner(), make_learner()
    second.step(StepEffect(update_scale=0.0, on_zero="skip", weight_noise=0.3))  # draws from the noise stream
    second.load_state({**second.tensors(), **{n: t for n, t in first.tensors().items() if "weight_noise" not in n}}, first.state_dict())
    assert probes.probe(first) == probes.probe(second)


@pytest.mark.slow
def test_more_noise_hurts_more(make_learner: MakeLearner) -> None:
    """On a model that has learned, the rise of the loss grows with the weight noise, and a text with typos is harder."""
    learner = make_learner("optimizer.learning_rate=0.01")
    for _ in range(150):
        learner.step(NEUTRAL)
    found = probes.probe(learner)
    rises = [found[f"weight_noise_{scale:g}"] for scale in probes.WEIGHT_NOISE]
    assert 0 < rises[0] < rises[1] < rises[2]
    assert found["typos"] > 0
    assert 0 < found["distinct"] <= 1
    assert 0 <= found["novel"] <= 1


def test_trail_of_a_straight_walk_is_straight(make_learner: MakeLearner) -> None:
    """Turns that leave the weights alone add nothing; one step makes path and distance the same."""
    learner = make_learner()
    trail = probes.Trail(learner)
    trail.mark()
    assert trail.length == 0.0
    learner.step(NEUTRAL)
    trail.mark()
    found = trail.probe()
    assert found["displacement"] == pytest.approx(trail.length)
    assert found["crookedness"] == pytest.approx(1.0)
    before = found["displacement"]
    learner.step(StepEffect(update_scale=-1.0))
    trail.mark()
    assert trail.probe()["crookedness"] > 1.0
    assert trail.length > before


def test_sketches_keep_distances(make_learner: MakeLearner) -> None:
    """The distance of two sketches is that of the weights, to within a tenth; a sketch of the same weights is the same."""
    one, other = make_learner("seed=1"), make_learner("seed=2")
    true = torch.dist(probes._weights(one), probes._weights(other)).item()
    assert dist(probes.sketch(one), probes.sketch(other)) == pytest.approx(true, rel=0.1)
    assert probes.sketch(one) == probes.sketch(make_learner("seed=1"))


def test_noisy_labels_are_exactly_target_noise(make_learner: MakeLearner) -> None:
    """A run with noisy labels is the same run under the lever target_noise; a share of nothing is plain training."""
    for share in (0.0, 0.25):
        noisy, by_lever = make_learner(), make_learner()
        wrapped = probes.NoisyLabels(noisy, share)
        for _ in range(3):
            wrapped.step(NEUTRAL)
            by_lever.step(StepEffect(target_noise=share))
        assert wrapped.weights_sha256() == by_lever.weights_sha256()


def test_typos_and_the_other_text(make_learner: MakeLearner) -> None:
    """One character in twenty is struck, the same ones for every run of a seed; the other text speaks the run's own alphabet."""
    corpus = make_learner().corpus
    longer = torch.zeros(20_000, dtype=torch.int64)
    struck = probes.typos(type(corpus)("x", corpus.vocabulary, longer, longer, None), 3)
    share = (struck != longer).double().mean().item() * len(corpus.vocabulary) / (len(corpus.vocabulary) - 1)
    assert share == pytest.approx(probes.TYPOS, abs=0.006)
    assert torch.equal(probes.typos(corpus, 3), probes.typos(corpus, 3))
    other = probes.other_text(corpus)
    assert int(other.max()) < len(corpus.vocabulary)
    assert len(other) > 1000
