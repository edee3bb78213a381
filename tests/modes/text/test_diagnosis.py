"""The examination: what it finds is right, and it leaves no trace."""

import math
from collections.abc import Callable

import pytest
import torch
from support.small_learners import same
from torch import Tensor

from rolltrain_tui.modes.text import diagnosis
from rolltrain_tui.modes.text.gpt import MLP, token_losses
from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.learner import StepAbandoned
from rolltrain_tui.rules.health.signals import SIGNALS
from rolltrain_tui.training.state.layer_history import LOOKS, SETTLED, LayerHistory
from rolltrain_tui.training.tensors.measures import agree_fraction, noise_scale

MakeLearner = Callable[..., TextLearner]

SGD = ("optimizer={name: sgd, learning_rate: 0.1, beta1: 0.9, beta2: 0.99, eps: 1e-8, weight_decay: 0.1, clip: 1.0}",)
WAYS = {"adamw": (), "sgd": SGD, "dropout": ("model.dropout=0.2",), "bfloat16": ("device.dtype=bfloat16",), "halves": ("device.threads=2",)}


def trained(learner: TextLearner, turns: int, effect: StepEffect = NEUTRAL) -> TextLearner:
    learner.prepare(["examine"])
    for _ in range(turns):
        learner.step(effect)
    return learner


def examined(learner: TextLearner) -> dict[str, float]:
    return dict(learner.examine(learner.evaluate(8)).values)


def flat(tensors: list[Tensor]) -> Tensor:
    return torch.cat([tensor.detach().double().flatten() for tensor in tensors])


@pytest.fixture(autouse=True)
def _one_thread_afterwards() -> object:
    """A learner sets the threads of the whole process."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


# ---------------------------------------------------------------------------------------------------------------------
# No trace


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_changed_and_nothing_drawn(make_learner: MakeLearner, way: str) -> None:
    """After an examination weights, moments, average, streams, gradients and torch's own stream are what they were, to the bit."""
    learner = trained(make_learner(*WAYS[way]), 25)
    before = {name: tensor.clone() for name, tensor in learner.tensors().items()}
    state, outer = learner.state_dict(), torch.get_rng_state()
    for p in learner.levers.parameters:
        p.grad = torch.ones_like(p)
    examined(learner)
    after = learner.tensors()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert state == learner.state_dict()
    assert torch.equal(outer, torch.get_rng_state())
    assert all(p.grad is not None and bool((p.grad == 1).all()) for p in learner.levers.parameters)
    assert learner.model.training
    assert not any(mlp.fc._forward_hooks for mlp in learner.model.modules() if isinstance(mlp, MLP))


@pytest.mark.parametrize("way", WAYS)
def test_the_run_goes_on_as_if_nobody_had_looked(make_learner: MakeLearner, way: str) -> None:
    """A learner that is examined after every turn walks the same way as one that is never asked, and as one not prepared for it."""
    looked, left, plain = (make_learner(*WAYS[way]) for _ in range(3))
    looked.prepare(["examine"])
    left.prepare(["examine"])
    for _ in range(12):
        looked.step(NEUTRAL)
        examined(looked)
        left.step(NEUTRAL)
        plain.step(NEUTRAL)
    assert same(looked, left)
    assert looked.weights_sha256() == plain.weights_sha256()


def test_who_is_not_examined_pays_nothing(make_learner: MakeLearner) -> None:
    """Without "examine" there is no average, no pulse, and nothing of them in a save."""
    learner = make_learner()
    learner.prepare([])
    learner.step(NEUTRAL)
    assert not [name for name in learner.tensors() if name.startswith("average.")]
    assert "pulse" not in learner.state_dict()


@pytest.mark.parametrize("turns", [3, 21, 26])
def test_kept_forked_and_resumed(make_learner: MakeLearner, turns: int) -> None:
    """A fork, and a learner loaded from the saved state, go on and are examined exactly as the original."""
    first = trained(make_learner(), turns)
    second = make_learner()
    second.prepare(["examine"])
    second.load_state(first.tensors(), first.state_dict())
    third = first.fork()
    for _ in range(7):
        for learner in (first, second, third):
            learner.step(NEUTRAL)
    assert same(first, second)
    assert same(first, third)
    found = [repr(learner.examine(learner.evaluate(8))) for learner in (first, second, third)]
    assert [found[0]] * 3 == found


def test_an_abandoned_turn_leaves_no_mark(make_learner: MakeLearner) -> None:
    """A turn that fails half-way is not counted, and one repeated gives the same examination as one never broken off."""
    learner, straight = trained(make_learner(), 4), trained(make_learner(), 4)
    learner.should_stop = lambda: True
    with pytest.raises(StepAbandoned):
        learner.step(StepEffect(rollback=True))
    learner.should_stop = lambda: False
    assert same(learner, straight)


def test_a_run_may_be_examined_from_a_save_on(make_learner: MakeLearner) -> None:
    """A save of a run that was never examined opens for examination, with nothing to look back on yet; and the other way round."""
    never = make_learner()
    for _ in range(5):
        never.step(NEUTRAL)
    later = make_learner()
    later.prepare(["examine"])
    later.load_state(never.tensors(), never.state_dict())
    assert math.isnan(examined(later)["temperature"])
    never.load_state(later.tensors(), later.state_dict())
    assert never.weights_sha256() == later.weights_sha256()


# ---------------------------------------------------------------------------------------------------------------------
# What is found


def test_every_examined_signal_is_known_to_the_rules(make_learner: MakeLearner) -> None:
    """The names are rows of the rules' table, and after enough turns all but the noise scale have a value."""
    values = examined(trained(make_learner(), SETTLED + 4))
    assert values.keys() <= SIGNALS.keys()
    assert {"update_ratio", "weight_growth", "temperature", "gap", "dead_units", "agree_fraction", "noise_scale"} == values.keys()
    assert not [name for name, value in values.items() if math.isnan(value) and name != "noise_scale"]


def test_before_the_first_turn_only_the_present_is_known(make_learner: MakeLearner) -> None:
    """What looks back is NaN at the start; the gap and the dead units are there."""
    values = examined(trained(make_learner(), 0))
    assert {"update_ratio", "weight_growth", "temperature", "agree_fraction"} == {
        name for name, value in values.items() if math.isnan(value) and name != "noise_scale"
    }


@pytest.mark.parametrize("k", [0.0, 0.5, 3.0])
def test_update_ratio_is_that_of_the_last_turns(make_learner: MakeLearner, k: float) -> None:
    """It is the mean of |theta_after - theta_before| over the last turns before the evaluation, by |theta|, whatever the dice did."""
    learner = trained(make_learner(), 0)
    moves = []
    for _ in range(8):  # an evaluation is due every 4 turns
        before = flat(learner.levers.parameters)
        learner.step(StepEffect(update_scale=k))
        moves.append((flat(learner.levers.parameters) - before).norm().item())
    norm = flat(learner.levers.parameters).norm().item()
    assert sum(moves[-LOOKS:]) / LOOKS / norm == pytest.approx(examined(learner)["update_ratio"], rel=1e-5)


def test_temperature_is_the_paired_difference(make_learner: MakeLearner) -> None:
    """It equals the loss of the weights minus that of a model whose weights stand half-way to the average."""
    learner = trained(make_learner("optimizer.learning_rate=0.05"), 24)
    here, other = learner.evaluate(8), learner.fork()
    average = learner.memory.average
    assert average is not None
    with torch.no_grad():
        for p, mean in zip(other.levers.parameters, average.weights, strict=True):
            p.copy_(0.5 * p + 0.5 * mean)
    expected = here.value - other.evaluate(8).value
    assert expected == pytest.approx(learner.examine(here).values["temperature"], abs=1e-6)


def test_gap_is_validation_minus_training_text(make_learner: MakeLearner) -> None:
    """It equals the validation loss minus the mean loss of the fixed windows of the training text."""
    learner = trained(make_learner(), 6)
    here = learner.evaluate(8)
    windows = learner._windows(learner._train, diagnosis.PROBE)
    with torch.no_grad():
        train = token_losses(learner.model(windows[:, :-1]), windows[:, 1:]).mean().item()
    assert here.value - train == pytest.approx(learner.examine(here).values["gap"], abs=1e-5)


def test_dead_units_are_counted(make_learner: MakeLearner) -> None:
    """Units whose bias is far below zero are dead, their layer says so, and the others live."""
    learner = trained(make_learner("model.bias=true", "model.n_layer=2"), 0)
    first, _ = (mlp for mlp in learner.model.modules() if isinstance(mlp, MLP))
    with torch.no_grad():
        first.fc.weight.mul_(20)
        first.fc.bias[:16] = -50
    found = learner.examine(learner.evaluate(8))
    assert found.values["dead_units"] >= 16 / 128
    dead = {layer.name: layer.dead for layer in found.layers}
    assert dead["block 1 MLP"] == 16 / 64
    assert math.isnan(dead["block 1 attention"])


def test_layers_are_the_whole_model(make_learner: MakeLearner) -> None:
    """Every weight is in one layer, norms add up to the model's, and every gradient entry is in a bin."""
    learner = trained(make_learner("model.n_layer=2", "model.tie_weights=false"), 6)
    layers = learner.examine(learner.evaluate(8)).layers
    assert learner.info().parameters == sum(layer.weights for layer in layers)
    assert flat(learner.levers.parameters).norm().item() == pytest.approx(math.hypot(*(layer.weight_norm for layer in layers)))
    assert [(10, layer.weights) for layer in layers] == [(len(layer.histogram), sum(layer.histogram)) for layer in layers]
    assert ["tokens", "positions", "block 1 attention", "block 1 MLP", "block 2 attention", "block 2 MLP", "last norm", "output"] == [
        layer.name for layer in layers
    ]


def test_noise_scale_is_that_of_the_two_halves(make_learner: MakeLearner) -> None:
    """By hand: the mean gradients g_a, g_b of windows 1 to 6 and 7 to 12, h |g_a - g_b|^2 / 2 / <g_a, g_b>, in turns' batches."""
    learner = trained(make_learner("batch.sequences=4", "batch.accumulation=2"), 2)
    windows, gradients = learner._windows(learner._train, diagnosis.PROBE), []
    for part in (windows[:6], windows[6:12]):
        loss = token_losses(learner.model(part[:, :-1]), part[:, 1:]).mean()
        gradients.append(flat(list(torch.autograd.grad(loss, learner.levers.parameters))))
    a, b = gradients
    expected = 6 * (a - b).square().sum().item() / 2 / torch.dot(a, b).item() / 8
    assert expected == pytest.approx(examined(learner)["noise_scale"], rel=1e-4)


def test_noise_scale_recovers_a_known_one() -> None:
    """Half-batch gradients drawn with a given covariance and mean give back tr(Sigma) / |G|^2."""
    stream = torch.Generator().manual_seed(0)
    n, half, spread = 20_000, 6, 0.3
    mean = torch.full((n,), 0.1)
    a, b = (mean + spread / math.sqrt(half) * torch.randn(n, generator=stream) for _ in range(2))
    assert spread**2 / 0.1**2 == pytest.approx(noise_scale([a], [b], half), rel=0.05)


def test_noise_without_signal_is_not_told() -> None:
    """Two half-batch gradients that point away from each other have no noise scale."""
    assert math.isnan(noise_scale([torch.ones(3)], [-torch.ones(3)], 6))


def test_agreement_counts_signs() -> None:
    """Of four coordinates, one without a gradient, two agree with the memory and one does not."""
    gradient, memory = torch.tensor([1.0, -2.0, 3.0, 0.0]), torch.tensor([0.1, -0.1, -0.1, 0.1])
    assert agree_fraction([gradient], [memory]) == pytest.approx(2 / 3)


def test_growth_is_per_hundred_turns() -> None:
    """Norms of 10 at turn 20 and 11 at turn 60 are a quarter's growth in a hundred turns; the entries stay few."""
    pulse = LayerHistory(turns=20).weighed(10.0)
    assert math.isnan(pulse.growth(11.0))
    for turn in range(40, 400, 20):
        pulse = LayerHistory(turn, 0, (), pulse.norms).weighed(10.0)
        assert len(pulse.norms) <= 7
    assert LayerHistory(60, 0, (), ((20, 10.0),)).growth(11.0) == pytest.approx(25.0)


def test_a_rollback_forgets_what_was_left_behind(make_learner: MakeLearner) -> None:
    """After a return to older weights nothing of the way that was given up is told."""
    learner = trained(make_learner("evaluation.every=50"), 22)
    assert not math.isnan(examined(learner)["temperature"])
    learner.step(StepEffect(rollback=True))
    assert math.isnan(examined(learner)["temperature"])
    assert math.isnan(examined(learner)["update_ratio"])


def test_a_model_that_has_lost_its_mind_is_unknown(make_learner: MakeLearner) -> None:
    """With weights that are not numbers every value is NaN or finite, never infinite, and nothing is raised."""
    learner = trained(make_learner(), 3)
    with torch.no_grad():
        learner.levers.parameters[0].fill_(math.nan)
    found = learner.examine(learner.evaluate(8))
    assert not [value for value in found.values.values() if math.isinf(value)]
    assert all(sum(layer.histogram) == layer.weights for layer in found.layers)


def test_the_energy_is_that_of_two_turns(make_learner: MakeLearner) -> None:
    """What an examination says it cost is the forward and backward passes that it made."""
    learner = trained(make_learner(), SETTLED)
    token = learner.model.flops_per_token() / 1e9
    expected = (12 + (4 + 8) / 3) * 8 * token  # two halves of 6 trained on; 4 more and the 8 of the probe read; context 8
    assert expected == pytest.approx(learner.examine(learner.evaluate(8)).gflop)
