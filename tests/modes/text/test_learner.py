import dataclasses
import hashlib
import math
import struct
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.small_learners import same
from torch import Tensor, nn

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.config.training_sections import ScheduleConfig
from rolltrain_tui.modes.text.corpora.corpus import Corpus
from rolltrain_tui.modes.text.gpt import GPT, GPTConfig, KeyValueCache, draw, mean_loss, window_start
from rolltrain_tui.modes.text.learner import TextLearner, probe_offsets, probe_overlap
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.learner import StepAbandoned
from rolltrain_tui.runs.saves.tensors import pack, unpack
from rolltrain_tui.training.optimizers.schedules import learning_rate
from rolltrain_tui.training.state.snapshots import LearnerStateError
from rolltrain_tui.training.state.streams import random_stream

MakeLearner = Callable[..., TextLearner]

ADAMW = ("optimizer.name=adamw",)
SGD = ("optimizer.name=sgd", "optimizer.beta1=0.0", "optimizer.learning_rate=0.1")
MOMENTUM = ("optimizer.name=sgd", "optimizer.beta1=0.9", "optimizer.learning_rate=0.1")
OPTIMIZERS = {"adamw": ADAMW, "sgd": SGD, "sgd+momentum": MOMENTUM}
STEADY = ("schedule={warmup_turns: 0, decay: constant, final_fraction: 1.0}",)


def weights(learner: TextLearner) -> Tensor:
    return torch.cat([p.detach().flatten() for p in learner.levers.parameters])


# ---------------------------------------------------------------------------------------------------------------------
# One turn


@pytest.mark.parametrize("accumulation", [1, 4])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_neutral_turn_is_a_plain_training_loop(
    optimizer: str, accumulation: int, small_corpus: Corpus, tiny_config: Callable[..., CampaignConfig]
) -> None:
    """Eight turns give, to the bit, the losses, weights and moments of a PyTorch loop in which nothing of ours but the model runs."""
    config = tiny_config(*OPTIMIZERS[optimizer], f"batch.accumulation={accumulation}", "optimizer.clip=0.5")
    learner = TextLearner(config, small_corpus)
    model = GPT(
        GPTConfig(vocab_size=len(small_corpus.vocabulary), n_layer=1, n_head=2, n_embd=16, context=8), random_stream(config.seed, "init")
    )
    groups = [
        {"params": [p for p in model.parameters() if p.dim() >= 2], "weight_decay": config.optimizer.weight_decay},
        {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0},
    ]
    o = config.optimizer
    plain = (
        torch.optim.AdamW(groups, lr=o.learning_rate, betas=(o.beta1, o.beta2), eps=o.eps, fused=True)
        if optimizer == "adamw"
        else torch.optim.SGD(groups, lr=o.learning_rate, momentum=o.beta1, fused=True)
    )
    data = random_stream(config.seed, "data")
    for turn in range(8):
        for group in plain.param_groups:
            group["lr"] = learning_rate(turn, config.turns, o.learning_rate, config.schedule)
        total = 0.0
        for _ in range(accumulation):
            ix = torch.randint(len(small_corpus.train) - 8, (4, 1), generator=data).flatten().tolist()
            x = torch.stack([small_corpus.train[i : i + 8] for i in ix])
            y = torch.stack([small_corpus.train[i + 1 : i + 9] for i in ix])
            loss = nn.functional.cross_entropy(model(x).view(-1, len(small_corpus.vocabulary)), y.view(-1)) / accumulation
            loss.backward()
            total += loss.item()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        plain.step()
        plain.zero_grad()

        report = learner.step(NEUTRAL)
        assert report.loss == pytest.approx(total, abs=1e-6)
    mine = dict(learner.model.named_parameters())
    for name, p in model.named_parameters():
        assert torch.equal(p, mine[name]), name
        kept = learner.optimizer.state[mine[name]]
        assert all(torch.equal(value, kept[key]) for key, value in plain.state[p].items() if isinstance(value, Tensor)), name


def test_the_report_counts_what_happened(make_learner: MakeLearner) -> None:
    """Tokens, FLOPs, learning rate, steps and the turn's number are those of the campaign; a neutral turn measures nothing."""
    learner = make_learner("batch.accumulation=3", "schedule.warmup_turns=4")
    facts, report = learner.info(), learner.step(NEUTRAL)
    assert report.tokens == 3 * 4 * 8 == facts.tokens_per_turn
    assert report.gflop == pytest.approx(learner.model.flops_per_token() * 96 / 1e9) == facts.gflop_per_turn
    assert report.lr == pytest.approx(learner.config.optimizer.learning_rate / 4)
    assert (report.k_requested, report.k_effective, report.proposed_norm, report.applied_norm) == (1.0, None, None, None)
    assert (report.optimizer_steps, report.finite, report.weight_norm, dict(report.measured)) == (1, True, None, {})
    assert report.grad_norm > 0 < report.seconds
    assert learner.turn == 1


@pytest.mark.parametrize("k", [-1.0, 0.0, 0.5, 1.0, 1.5, 2.0])
@pytest.mark.parametrize("clip", ["null", "0.1"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_k_effective_is_the_claim(optimizer: str, clip: str, k: float, make_learner: MakeLearner) -> None:
    """On a real GPT the update hook, and for k >= 0 the learning-rate hook, do what they say, read from the weights."""
    learner = make_learner(*OPTIMIZERS[optimizer], f"optimizer.clip={clip}")
    for effect in [NEUTRAL, StepEffect(update_scale=k)] + ([StepEffect(lr_scale=k)] if k >= 0 else []):
        before = weights(learner)
        report = learner.step(effect)
        assert report.k_effective == (None if effect.k_requested == 1 else pytest.approx(effect.k_requested, abs=1e-3))
        if report.proposed_norm:
            assert report.applied_norm == pytest.approx((weights(learner) - before).norm().item(), rel=1e-3)


@pytest.mark.parametrize(("clip", "low", "high"), [("null", 1.0, 1.25), ("0.1", 0.999, 1.001)])
def test_the_loss_hook_is_a_placebo_on_a_gpt(clip: str, low: float, high: float, make_learner: MakeLearner) -> None:
    """loss x 1.5 under AdamW is far from 1.5, and with the clip in force it is nothing."""
    learner = make_learner(f"optimizer.clip={clip}", "optimizer.beta2=0.999", *STEADY)
    for _ in range(60):
        learner.step(NEUTRAL)
    report = learner.step(StepEffect(loss_scale=1.5))
    assert report.k_requested == 1.5
    assert low < report.k_effective < high


def test_micro_scales_weigh_the_losses(make_learner: MakeLearner) -> None:
    """All equal they are the loss hook; all one they are nothing at all; unequal they turn the update."""
    overrides = (*SGD, "batch.accumulation=2", "optimizer.clip=null", "optimizer.weight_decay=0", *STEADY)
    learner, plain = make_learner(*overrides), make_learner(*overrides)
    learner.step(StepEffect(micro_scales=(1.0, 1.0)))
    plain.step(NEUTRAL)
    assert same(plain, learner)
    assert learner.step(StepEffect(micro_scales=(2.0, 2.0))).k_effective == pytest.approx(2.0, abs=1e-3)
    assert learner.step(StepEffect(micro_scales=(0.0, 0.0))).k_effective == 0.0

    report = learner.step(StepEffect(micro_scales=(2.0, 0.0)))
    assert 0.5 < report.k_effective < 1.5
    assert report.applied_norm > 1.01 * report.k_effective * report.proposed_norm, "the update must have turned"


def test_micro_scales_are_the_sum_they_claim_to_be(make_learner: MakeLearner) -> None:
    """Under SGD the update is -lr sum_j k_j g_j / K, with g_j the gradient of micro-batch j alone."""
    overrides = (*SGD, "optimizer.clip=null", "optimizer.weight_decay=0", *STEADY)
    learner, halves = make_learner(*overrides, "batch.accumulation=2"), make_learner(*overrides)
    old, updates = weights(learner), []
    for _ in range(2):
        before = halves.memory.capture()
        halves.step(NEUTRAL)
        updates.append(weights(halves) - old)
        halves.memory.restore(before)
    learner.step(StepEffect(micro_scales=(3.0, -1.0)))
    torch.testing.assert_close(weights(learner) - old, (3 * updates[0] - updates[1]) / 2, rtol=1e-4, atol=1e-6)


def test_a_larger_batch_is_accumulated(make_learner: MakeLearner) -> None:
    """batch_factor 3 gives, to the bit, the turn of a campaign with three times the accumulation; the plain step is not measured."""
    tripled, configured = make_learner(), make_learner("batch.accumulation=3")
    report = tripled.step(StepEffect(batch_factor=3.0))
    configured.step(NEUTRAL)
    assert tripled.weights_sha256() == configured.weights_sha256()
    assert (report.tokens, report.measured["batch_factor"], report.k_effective) == (96, 3.0, None)


@pytest.mark.parametrize(("factor", "sequences"), [(0.5, 4), (1.25, 10), (0.001, 1)])
def test_every_sequence_of_an_uneven_batch_weighs_the_same(factor: float, sequences: int, make_learner: MakeLearner) -> None:
    """The last, shorter micro-batch counts by its sequences: the update is that of one batch of that size."""
    overrides = (*SGD, "optimizer.clip=null", *STEADY)
    cut, whole = make_learner(*overrides, "batch.accumulation=2"), make_learner(*overrides, f"batch.sequences={sequences}")
    pieces = [cut._read(n) for n in ([4] * (sequences // 4) + ([sequences % 4] if sequences % 4 else []))]
    cut.load_state(make_learner(*overrides, "batch.accumulation=2").tensors(), cut.state_dict())
    whole._read = lambda n: tuple(torch.cat(part) for part in zip(*pieces, strict=True))
    report = cut.step(StepEffect(batch_factor=factor))
    whole.step(NEUTRAL)
    assert (sequences * 8, sequences / 8) == (report.tokens, report.measured["batch_factor"])
    torch.testing.assert_close(weights(cut), weights(whole), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("effect", [StepEffect(), StepEffect(update_scale=1.5)])
def test_extra_steps_are_whole_turns(effect: StepEffect, make_learner: MakeLearner) -> None:
    """Two extra steps give, to the bit, the weights of three turns at the same learning rate; the schedule moves by one turn."""
    surging, walking = make_learner(*STEADY), make_learner(*STEADY)
    report = surging.step(dataclasses.replace(effect, extra_steps=2))
    reports = [walking.step(effect) for _ in range(3)]
    assert surging.weights_sha256() == walking.weights_sha256()
    assert (report.optimizer_steps, report.measured["extra_steps"], surging.turn) == (3, 2, 1)
    assert report.tokens == sum(r.tokens for r in reports)
    assert report.loss == reports[0].loss
    if effect.update_scale == 1:
        assert (report.k_effective, report.applied_norm) == (None, None)
    else:
        assert report.k_effective == pytest.approx(effect.update_scale, abs=1e-3)
        assert report.applied_norm == pytest.approx(math.sqrt(sum(r.applied_norm**2 for r in reports)), rel=1e-5)


def test_rollback_returns_to_the_snapshot(make_learner: MakeLearner) -> None:
    """Weights, moments and schedule go back to the last snapshot; the data go on."""
    learner, reference = make_learner(), make_learner()
    for run in (learner, reference):
        for _ in range(3):
            run.step(NEUTRAL)
    learner.snapshot()
    camp = weights(learner)
    for _ in range(2):
        learner.step(NEUTRAL)
    distance = (weights(learner) - camp).norm().item()
    for _ in range(2):
        reference._read(4)  # the batches of the two turns that are undone are gone
    report = learner.step(StepEffect(rollback=True))
    reference.step(NEUTRAL)
    assert report.measured["rollback"] == pytest.approx(distance, rel=1e-5)
    assert learner.turn == 4
    assert learner.weights_sha256() == reference.weights_sha256()
    assert reference.state_dict()["turn"] == learner.state_dict()["turn"]


def test_without_a_snapshot_a_rollback_goes_to_the_start(make_learner: MakeLearner) -> None:
    """The first camp is the untrained model."""
    learner = make_learner()
    start = learner.weights_sha256()
    for _ in range(3):
        learner.step(NEUTRAL)
    learner.step(StepEffect(rollback=True, update_scale=0.0))
    assert start == learner.weights_sha256()


def test_noise_is_measured(make_learner: MakeLearner) -> None:
    """Replaced targets are counted; noise on the weights comes after the step, which is measured without it."""
    learner, clean = make_learner(*STEADY), make_learner(*STEADY)
    report, plain = learner.step(StepEffect(target_noise=0.25)), clean.step(NEUTRAL)
    assert report.measured["target_noise"] == 0.25
    assert report.loss == pytest.approx(plain.loss, abs=1e-6), "the loss reported is that of the true targets"
    assert report.grad_norm != plain.grad_norm
    noisy = learner.step(StepEffect(weight_noise=0.1, update_scale=2.0))
    assert noisy.measured["weight_noise"] == pytest.approx(0.1, rel=0.1)
    assert noisy.k_effective == pytest.approx(2.0, abs=1e-3)
    assert noisy.weight_norm == pytest.approx(weights(learner).norm().item(), rel=1e-5)


def spoil(learner: TextLearner, monkeypatch: pytest.MonkeyPatch, factor: Callable[[], float]) -> None:
    """The loss of each micro-batch, and with it the gradient, is multiplied by a factor."""
    descend = learner._descend

    def spoilt(*batch: Tensor, weight: float) -> Tensor:
        by = factor()
        loss = descend(*batch, weight=weight)
        for p in learner.levers.parameters:
            assert p.grad is not None
            p.grad.mul_(by)
        return loss * by

    monkeypatch.setattr(learner, "_descend", spoilt)


@pytest.mark.parametrize("effect", [StepEffect(), StepEffect(loss_scale=0.0), StepEffect(update_scale=0.0), StepEffect(weight_noise=0.5)])
def test_a_loss_that_is_not_finite_changes_nothing(effect: StepEffect, make_learner: MakeLearner, monkeypatch: pytest.MonkeyPatch) -> None:
    """The turn counts and its batch is read, but weights and moments never see it; the next turn is as good as any."""
    learner = make_learner()
    learner.step(NEUTRAL)
    before, turn = learner.memory.capture(), learner.turn
    with monkeypatch.context() as broken:
        spoil(learner, broken, lambda: math.inf)
        report = learner.step(effect)
    after = learner.memory.capture()
    assert (report.finite, report.k_effective, report.optimizer_steps, report.loss) == (False, 0.0, 0, math.inf)
    assert all(torch.equal(before.weights[name], after.weights[name]) for name in before.weights)
    assert all(torch.equal(m, after.moments[name][key]) for name, kept in before.moments.items() for key, m in kept.items())
    assert learner.turn == turn + 1
    assert learner.step(NEUTRAL).finite


def test_an_extra_step_that_is_not_finite_undoes_the_turn(make_learner: MakeLearner, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the first step of the turn did is taken back too."""
    learner = make_learner()
    before, calls = learner.weights_sha256(), []
    spoil(learner, monkeypatch, lambda: math.nan if calls.append(1) or len(calls) == 2 else 1.0)
    report = learner.step(StepEffect(extra_steps=2, update_scale=2.0))
    assert (report.finite, len(calls), report.applied_norm) == (False, 2, 0.0)
    assert before == learner.weights_sha256()
    assert learner.memory.capture().moments == {}


@pytest.mark.parametrize(
    "effect",
    [NEUTRAL, StepEffect(extra_steps=1, target_noise=0.5, weight_noise=0.1), StepEffect(rollback=True, micro_scales=(0.5, 1.5, 1.0))],
    ids=lambda effect: str(effect.levers()),
)
@pytest.mark.parametrize("stop_at", [0, 2, 3])
def test_an_abandoned_turn_never_was(effect: StepEffect, stop_at: int, make_learner: MakeLearner) -> None:
    """The stop flag is seen before each micro-batch; the turn can be taken again and is the same to the bit."""
    overrides = ("batch.accumulation=3", "model.dropout=0.2")
    learner, free = make_learner(*overrides), make_learner(*overrides)
    for run in (learner, free):
        run.step(NEUTRAL)
    before, looks = learner.fork(), []
    learner.should_stop = lambda: looks.append(1) or len(looks) > stop_at
    if stop_at < 3 * (1 + effect.extra_steps):
        with pytest.raises(StepAbandoned):
            learner.step(effect)
        assert same(before, learner)
        assert all(p.grad is None for p in learner.levers.parameters)
        learner.should_stop = lambda: False
    assert learner.step(effect).k_effective == free.step(effect).k_effective
    assert same(free, learner)


def test_a_turn_that_breaks_never_was(make_learner: MakeLearner) -> None:
    """Out of memory, or any other error on the way to the gradient, leaves everything as it was before the turn."""
    learner = make_learner("batch.accumulation=2", "model.dropout=0.2")
    learner.step(NEUTRAL)
    before, loss, calls = learner.fork(), learner._loss, []

    def breaking(x: Tensor, y: Tensor) -> Tensor:
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError
        return loss(x, y)

    learner._loss = breaking
    with pytest.raises(MemoryError):
        learner.step(NEUTRAL)
    assert same(before, learner)


def test_bf16_learns_and_measures(make_learner: MakeLearner) -> None:
    """In bf16 weights and moments stay fp32, k is exact, and the loss is fp32's to two digits."""
    half, full = make_learner("device.dtype=bfloat16", *STEADY), make_learner("device.dtype=float32", *STEADY)
    assert half.info().dtype == "bfloat16"
    for k in (1.0, 1.5, 0.5):
        mine, theirs = half.step(StepEffect(update_scale=k)), full.step(StepEffect(update_scale=k))
        assert mine.loss == pytest.approx(theirs.loss, rel=1e-2)
        assert mine.k_effective == (None if k == 1 else pytest.approx(k, abs=1e-3))
    assert {torch.float32, torch.uint8} == {t.dtype for t in half.tensors().values()}
    assert half.evaluate(8).value == pytest.approx(full.evaluate(8).value, rel=1e-2)


def test_compiled_turns_use_deterministic_kernels(make_learner: MakeLearner, monkeypatch: pytest.MonkeyPatch) -> None:
    """With compile the loss is compiled and runs with deterministic kernels, during the turn and no longer."""
    compiled, seen = [], []

    def compile_loss(loss: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
        compiled.append(loss)
        return lambda x, y: seen.append(torch.are_deterministic_algorithms_enabled()) or loss(x, y)

    monkeypatch.setattr(torch, "compile", compile_loss)
    plain, learner = make_learner(), make_learner("device.compile=true")
    assert [learner.model.loss] == compiled
    assert plain.step(NEUTRAL).loss == learner.step(NEUTRAL).loss
    assert [True] == seen
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.utils.deterministic.fill_uninitialized_memory


def test_it_learns(make_learner: MakeLearner) -> None:
    """A hundred turns on one sentence, over and over, bring the validation loss far below the letters' frequencies."""
    learner = make_learner("turns=100", "optimizer.learning_rate=0.02", "model.context=16", "batch.sequences=8")
    before = learner.evaluate(16).value
    for _ in range(100):
        learner.step(NEUTRAL)
    assert before > 2.8
    assert learner.evaluate(16).value < 1.0


# ---------------------------------------------------------------------------------------------------------------------
# Schedule, evaluation, voice


def test_the_schedule() -> None:
    """Up in a straight line to the peak, then a half cosine that ends at final_fraction at the last turn; never above the peak."""
    schedule = ScheduleConfig(warmup_turns=10, decay="cosine", final_fraction=0.1)
    rates = [learning_rate(turn, 111, 2.0, schedule) for turn in range(111)]
    assert rates[:10] == pytest.approx([0.2 * (turn + 1) for turn in range(10)])
    assert (rates[10], rates[60], rates[110]) == pytest.approx((2.0, 1.1, 0.2))
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert learning_rate(500, 111, 2.0, schedule) == pytest.approx(0.2)
    assert learning_rate(50, 111, 2.0, ScheduleConfig(warmup_turns=0, decay="constant", final_fraction=0.1)) == 2.0
    assert learning_rate(0, 1, 2.0, ScheduleConfig(warmup_turns=0, decay="cosine", final_fraction=0.1)) == 2.0


@pytest.mark.parametrize(("sequences", "positions"), [(1, 1), (5, 1000), (64, 100_000), (1024, 100_000), (50, 20)])
def test_the_probe_set_is_spread_evenly(sequences: int, positions: int) -> None:
    """Places are within the text, distinct where there is room, without gaps, and a smaller probe is the start of a larger one."""
    places = probe_offsets(sequences, positions)
    assert len(places) == min(sequences, positions)
    assert all(0 <= place < positions for place in places)
    assert places[:3] == probe_offsets(3, positions)[: len(places)]
    if sequences < positions / 10:
        gaps = [b - a for a, b in zip([0, *sorted(places)], [*sorted(places), positions], strict=True)]
        assert max(gaps) < 3 * positions / sequences
        assert len(set(places)) == sequences


def test_an_evaluation_changes_nothing(make_learner: MakeLearner) -> None:
    """It draws nothing, dropout is off in it and on after it, and asked again it answers the same."""
    learner = make_learner("model.dropout=0.3")
    before, generator = learner.fork(), torch.get_rng_state()
    assert learner.evaluate(20) == learner.evaluate(20)
    assert same(before, learner)
    assert torch.equal(generator, torch.get_rng_state())
    assert learner.model.training


def test_an_evaluation_is_the_mean_over_sequences(make_learner: MakeLearner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loss, standard error and FLOPs are those of reading the windows one by one, however the chunks are cut."""
    learner = make_learner()
    monkeypatch.setattr("rolltrain_tui.modes.text.learner.EVALUATION_TOKENS", 40)  # five sequences at a time
    evaluation, val = learner.evaluate(12), learner.corpus.val
    with torch.no_grad():
        windows = [val[i : i + 9] for i in probe_offsets(12, len(val) - 8)]
        losses = torch.tensor([mean_loss(learner.model(w[None, :-1]), w[None, 1:]).item() for w in windows])
    assert evaluation.count == 12
    assert evaluation.value == pytest.approx(losses.mean().item(), abs=1e-5)
    assert evaluation.standard_error == pytest.approx(losses.std().item() / math.sqrt(12), abs=1e-5)
    assert evaluation.gflop == pytest.approx(12 * 8 * learner.model.flops_per_token() / 3e9)


def test_a_probe_larger_than_the_text_takes_what_there_is(make_learner: MakeLearner) -> None:
    """No window is counted twice."""
    learner = make_learner()
    assert learner.evaluate(10**6).count == len(learner.corpus.val) - 8


@given(st.integers(1, 60), st.integers(1, 200), st.integers(1, 12))
def test_the_overlap_is_how_often_a_token_is_read(sequences: int, positions: int, length: int) -> None:
    """On average over all reads, counted token by token."""
    reads = Counter(place + i for place in probe_offsets(sequences, positions) for i in range(length))
    assert probe_overlap(sequences, positions, length) == pytest.approx(sum(n * n for n in reads.values()) / reads.total())


def test_windows_that_lie_apart_do_not_overlap() -> None:
    """So it is with a text three times as long as all windows, and of the errors nothing changes there."""
    assert probe_overlap(64, 3 * 64 * 32, 32) == 1.0


def test_a_short_text_has_an_error_of_its_own(make_learner: MakeLearner) -> None:
    """Reading it over and over does not make the error small. Where an overlap is ignored it does; the losses are the same."""
    counted, ignored = (make_learner(f"data.overlap={word}") for word in ("counted", "ignored"))
    for learner in (counted, ignored):
        learner._val = learner._val[:120]
    (much, little), (small, _) = ([learner.evaluate(count) for count in (112, 14)] for learner in (counted, ignored))
    assert (much.value, much.values) == (small.value, small.values)
    assert much.overlap == probe_overlap(112, 112, 8)
    assert small.overlap == 1.0
    assert much.standard_error == pytest.approx(small.standard_error * math.sqrt(much.overlap))
    assert much.standard_error == pytest.approx(little.standard_error, rel=0.5)
    assert small.standard_error < 0.5 * little.standard_error


def test_one_sequence_has_no_standard_error(make_learner: MakeLearner) -> None:
    """It is infinite: one sequence says nothing about the spread."""
    assert make_learner().evaluate(1).standard_error == math.inf


def test_a_sample_is_drawn_from_its_own_stream(make_learner: MakeLearner) -> None:
    """It has the length asked for, past the context; the next one differs; training goes on as if nothing had been said."""
    learner, silent = make_learner(), make_learner()
    generator = torch.get_rng_state()
    first, second = (learner.sample(30, temperature=1.0, top_k=None) for _ in range(2))
    assert [30, 30] == [len(first), len(second)]
    assert first != second
    assert first == silent.fork().sample(30, temperature=1.0, top_k=None)
    assert learner.step(NEUTRAL).loss == silent.step(NEUTRAL).loss
    assert torch.equal(generator, torch.get_rng_state())


@pytest.mark.parametrize("prompt", ["", "the wizard counts his gold"])
def test_a_sample_continues_its_prompt(prompt: str, make_learner: MakeLearner) -> None:
    """The prompt, or a new line where there is none, is read in its window and not repeated."""
    learner, stream = make_learner(), random_stream(7, "sample")
    ids = torch.tensor([learner.corpus.encode(prompt or "\n")])
    learner.model.eval()
    expected = []
    for _ in range(12):
        logits = learner.model(
            ids[:, window_start(ids.shape[1], 8, 2) :], KeyValueCache(learner.model.config, 1, like=learner.model.wte.weight)
        ).detach()
        expected.append(draw(logits[:, -1], 0.9, 4, stream))
        ids = torch.cat((ids, expected[-1][:, None]), dim=1)
    learner.model.train()
    assert learner.corpus.decode(torch.cat(expected).tolist()) == learner.sample(12, temperature=0.9, top_k=4, prompt=prompt)


# ---------------------------------------------------------------------------------------------------------------------
# Kept and copied

EVENTFUL = [
    NEUTRAL,
    StepEffect(update_scale=1.4),
    StepEffect(update_scale=0.0),
    StepEffect(lr_scale=0.5, weight_noise=0.01),
    StepEffect(micro_scales=(0.0, 1.5), target_noise=0.1),
    StepEffect(batch_factor=1.5, extra_steps=1),
    StepEffect(update_scale=0.0, on_zero="skip"),
    StepEffect(loss_scale=2.0, clip_factor=0.5, decay_factor=3.0),
    StepEffect(rollback=True),
]


def play(learner: TextLearner, first: int, last: int) -> None:
    """Turns first .. last - 1 of an eventful run, with a camp, evaluations and samples on the way."""
    for turn in range(first, last):
        learner.step(EVENTFUL[turn % len(EVENTFUL)])
        if turn % 6 == 4:
            learner.snapshot()
        if turn % 5 == 2:
            learner.evaluate(4)
            learner.sample(4, temperature=1.0, top_k=None)


@pytest.mark.slow
@pytest.mark.parametrize(("dtype", "k"), [("float32", 1), ("float32", 19), ("bfloat16", 7)])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_resumed_equals_uninterrupted(
    optimizer: str, dtype: str, k: int, make_learner: MakeLearner, once: Callable[[str, Callable[[Path], TextLearner]], TextLearner]
) -> None:
    """Saved at turn k as a file and resumed in a fresh learner, the run ends at turn 20 as one that never stopped."""
    overrides = (*OPTIMIZERS[optimizer], "turns=20", "model.dropout=0.1", "batch.accumulation=2", f"device.dtype={dtype}")

    def uninterrupted(folder: Path) -> TextLearner:
        learner = make_learner(*overrides)
        play(learner, 0, 20)
        return learner

    straight = once(f"{optimizer}, {dtype}", uninterrupted)
    stopped, resumed = make_learner(*overrides), make_learner(*overrides)
    play(stopped, 0, k)
    file, state = pack(stopped.tensors()), stopped.state_dict()
    play(stopped, k, 20)  # going on does not reach into what was saved
    torch.manual_seed(12345)  # nor does the process's own stream matter
    resumed.load_state(unpack(file), state)
    play(resumed, k, 20)
    assert same(straight, resumed)
    assert same(straight, stopped)
    assert straight.weights_sha256() == resumed.weights_sha256()


def test_dropout_leaves_the_global_stream_alone(make_learner: MakeLearner) -> None:
    """Torch's global stream is lent for the turn and given back; two learners in one process do not disturb each other."""
    learner, other = make_learner("model.dropout=0.5"), make_learner("model.dropout=0.5")
    before = torch.get_rng_state()
    losses = [learner.step(NEUTRAL).loss for _ in range(3)]
    assert torch.equal(before, torch.get_rng_state())
    torch.rand(10)
    assert losses == [other.step(NEUTRAL).loss for _ in range(3)]


def test_a_fork_is_independent(make_learner: MakeLearner) -> None:
    """It starts equal, sees the same batches, and what it does never reaches the original."""
    learner = make_learner("model.dropout=0.1", "batch.accumulation=2")
    play(learner, 0, 8)
    twin, reference = learner.fork(), learner.fork()
    assert same(learner, twin)
    play(twin, 8, 12)
    assert same(reference, learner)
    play(learner, 8, 12)
    assert same(learner, twin)
    assert not same(reference, learner)


def broken(tensors: dict[str, Tensor], state: dict[str, object], how: str) -> None:
    match how:
        case "has no tensor 'model.wpe.weight'":
            del tensors["model.wpe.weight"]
        case "has no tensor 'optimizer.wpe.weight.exp_avg'":
            del tensors["optimizer.wpe.weight.exp_avg"]
        case "float32\\[9, 16\\], but this campaign's is float32\\[8, 16\\]":
            tensors["snapshot.model.wpe.weight"] = torch.zeros(9, 16)
        case "is float64":
            tensors["model.wpe.weight"] = tensors["model.wpe.weight"].double()
        case "do not have, among them 'model.stranger'":
            tensors["model.stranger"] = torch.zeros(1)
        case "'stream.data' is uint8\\[3\\]":
            tensors["stream.data"] = torch.zeros(3, dtype=torch.uint8)
        case "reads other characters":
            state["vocabulary"] = "abc"
        case "at turn -1":
            state["turn"] = -1


@pytest.mark.parametrize(
    "how",
    [
        "has no tensor 'model.wpe.weight'",
        "has no tensor 'optimizer.wpe.weight.exp_avg'",
        "float32\\[9, 16\\], but this campaign's is float32\\[8, 16\\]",
        "is float64",
        "do not have, among them 'model.stranger'",
        "'stream.data' is uint8\\[3\\]",
        "reads other characters",
        "at turn -1",
    ],
)
def test_a_state_that_does_not_fit_is_refused_whole(how: str, make_learner: MakeLearner) -> None:
    """The error says what is wrong, and the learner is as it was."""
    learner, saved = make_learner(), make_learner()
    saved.step(NEUTRAL)
    before, tensors, state = learner.fork(), saved.tensors(), saved.state_dict()
    broken(tensors, state, how)
    with pytest.raises(LearnerStateError, match=how):
        learner.load_state(tensors, state)
    assert same(before, learner)


def test_the_hash_is_of_the_weights(make_learner: MakeLearner) -> None:
    """SHA-256 of the weights' little-endian bytes in name order; it changes when one of them does."""
    learner = make_learner()
    digest = hashlib.sha256()
    for _, p in sorted(learner.model.named_parameters()):
        digest.update(struct.pack(f"<{p.numel()}f", *p.flatten().tolist()))
    assert digest.hexdigest() == learner.weights_sha256()
    with torch.no_grad():
        learner.model.wpe.weight[3, 2] += 1e-6
    assert digest.hexdigest() != learner.weights_sha256()


def test_streams_differ_by_seed_and_name() -> None:
    """Neighbouring campaign seeds and the streams of one campaign share no numbers."""
    draws = {tuple(torch.rand(3, generator=random_stream(seed, name)).tolist()) for seed in range(5) for name in ("init", "data", "sample")}
    assert len(draws) == 15
