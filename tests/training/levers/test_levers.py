import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD, Adagrad, AdamW, NAdam, Optimizer, RMSprop

from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.training.levers.levers import Levers, StepMeasurement, is_zero
from rolltrain_tui.training.levers.masks import FEWEST_NORMS
from rolltrain_tui.training.levers.noise import add_weight_noise, replace_targets
from rolltrain_tui.training.optimizers.lean_step import serve

MakeOptimizer = Callable[[list[nn.Parameter]], Optimizer]


def by_its_kernel(optimizer: AdamW) -> Optimizer:
    """As the package's own learners step."""
    serve(optimizer)
    return optimizer


OPTIMIZERS: dict[str, MakeOptimizer] = {
    "sgd": lambda ps: SGD(ps, lr=0.05, weight_decay=0.1),
    "sgd+momentum": lambda ps: SGD(ps, lr=0.05, momentum=0.9, weight_decay=0.1),
    "adamw": lambda ps: AdamW(ps, lr=0.01, weight_decay=0.1),
    "adamw fused": lambda ps: AdamW(ps, lr=0.01, weight_decay=0.1, fused=True),
}
OTHERS: dict[str, MakeOptimizer] = {
    "rmsprop": lambda ps: RMSprop(ps, lr=0.01, momentum=0.5),
    "adagrad": lambda ps: Adagrad(ps, lr=0.05),
    "nadam": lambda ps: NAdam(ps, lr=0.01),
    "adamw by its kernel": lambda ps: by_its_kernel(
        AdamW([{"params": ps[:1]}, {"params": ps[1:], "weight_decay": 0.2}], lr=0.02, fused=True)
    ),
    "two groups": lambda ps: AdamW([{"params": ps[:1], "lr": 0.02}, {"params": ps[1:], "weight_decay": 0.0}], lr=0.01, weight_decay=0.3),
}
CLIPS = [None, 0.25]


class Regression:
    """A small network on fixed data, a levered optimiser, and fresh batches without end."""

    def __init__(self, make: MakeOptimizer, clip: float | None, warm_up: int = 5) -> None:
        stream = torch.Generator().manual_seed(0)
        self.model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 2))
        for p in self.parameters:
            p.data.normal_(0, 0.5, generator=stream)
        self.optimizer = make(self.parameters)
        self.levers = Levers(self.optimizer, self.parameters, clip=clip)
        self.batches = self._batches(stream)
        for _ in range(warm_up):
            self.step(NEUTRAL)

    @property
    def parameters(self) -> list[nn.Parameter]:
        return list(self.model.parameters())

    def _batches(self, stream: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        target = torch.randn(6, 2, generator=stream)
        while True:
            x = torch.randn(16, 6, generator=stream)
            yield x, x @ target

    def backward(self) -> float:
        x, y = next(self.batches)
        loss = (self.model(x) - y).square().mean()
        loss.backward()
        return loss.item()

    def step(self, effect: StepEffect) -> StepMeasurement:
        return self.levers.step(effect, loss=self.backward())

    def weights(self) -> Tensor:
        return torch.cat([p.detach().flatten() for p in self.parameters])

    def state(self) -> list[object]:
        """Weights, and every number of the optimiser's state."""
        moments = [v.clone() if isinstance(v, Tensor) else v for p in self.parameters for v in self.optimizer.state[p].values()]
        return [self.weights(), *moments]


def same(a: list[object], b: list[object]) -> bool:
    return len(a) == len(b) and all(torch.equal(x, y) if isinstance(x, Tensor) else x == y for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("name", OPTIMIZERS | OTHERS)
def test_a_neutral_effect_is_plain_training(name: str, clip: float | None) -> None:
    """Ten neutral steps give, to the bit, the weights and moments of backward, clip, step, zero_grad; and need no buffers."""
    make = (OPTIMIZERS | OTHERS)[name]
    levered, plain = Regression(make, clip, warm_up=0), Regression(make, clip, warm_up=0)
    for _ in range(10):
        motion = levered.step(NEUTRAL)
        plain.backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(plain.parameters, clip)
        plain.optimizer.step()
        plain.optimizer.zero_grad()
    assert same(plain.state(), levered.state())
    assert (motion.k_effective, motion.proposed_norm, motion.applied_norm) == (None, None, None)
    assert levered.levers._buffers == []


@pytest.mark.parametrize("k", [-1.0, 0.0, 0.5, 1.0, 1.5, 2.0])
@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("name", OPTIMIZERS | OTHERS)
def test_the_update_hook_is_exact(name: str, clip: float | None, k: float) -> None:
    """theta = theta_old + k (theta_new - theta_old), measured as k; the moments are those of the plain step."""
    make = (OPTIMIZERS | OTHERS)[name]
    levered, plain = Regression(make, clip), Regression(make, clip)
    old = plain.weights()
    motion = levered.step(StepEffect(update_scale=k))
    plain.step(NEUTRAL)
    proposed = plain.weights() - old
    torch.testing.assert_close(levered.weights(), old + k * proposed, rtol=1e-6, atol=1e-7)
    assert same(plain.state()[1:], levered.state()[1:])
    assert motion.k_effective == (None if k == 1 else pytest.approx(k, abs=1e-3))
    if k != 1:
        assert motion.proposed_norm == pytest.approx(proposed.norm().item(), rel=1e-4)
        assert motion.applied_norm == pytest.approx(abs(k) * proposed.norm().item(), rel=1e-4)
    if k == 0:
        assert torch.equal(old, levered.weights())


@pytest.mark.parametrize("k", [0.0, 0.5, 1.0, 1.5, 2.0])
@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("name", OPTIMIZERS | OTHERS)
def test_the_learning_rate_hook_is_exact(name: str, clip: float | None, k: float) -> None:
    """The step with learning rate x k is measured as k times the plain one, and the learning rate is put back."""
    run = Regression((OPTIMIZERS | OTHERS)[name], clip)
    old, rates = run.weights(), [group["lr"] for group in run.optimizer.param_groups]
    motion = run.step(StepEffect(lr_scale=k))
    assert motion.k_effective == (None if k == 1 else pytest.approx(k, abs=1e-3))
    assert rates == [group["lr"] for group in run.optimizer.param_groups]
    if k != 1:
        assert motion.applied_norm == pytest.approx((run.weights() - old).norm().item(), rel=1e-4)


@pytest.mark.parametrize("name", OPTIMIZERS | OTHERS)
def test_the_counterfactual_leaves_no_trace(name: str) -> None:
    """After a step with loss x 2 the weights and moments are, to the bit, those of doubling the gradient by hand."""
    make = (OPTIMIZERS | OTHERS)[name]
    levered, plain = Regression(make, 0.25), Regression(make, 0.25)
    levered.step(StepEffect(loss_scale=2.0))
    plain.backward()
    for p in plain.parameters:
        p.grad.mul_(2)
    nn.utils.clip_grad_norm_(plain.parameters, 0.25)
    plain.optimizer.step()
    plain.optimizer.zero_grad()
    assert same(plain.state(), levered.state())
    levered.step(NEUTRAL)
    plain.step(NEUTRAL)
    assert same(plain.state(), levered.state())


def test_the_counterfactual_works_at_the_first_step() -> None:
    """An optimiser that has no moments yet has none of the undone step either."""
    levered, plain = (Regression(OPTIMIZERS["adamw"], None, warm_up=0) for _ in range(2))
    levered.step(StepEffect(lr_scale=0.5))
    for group in plain.optimizer.param_groups:
        group["lr"] *= 0.5
    plain.step(NEUTRAL)
    assert same(plain.state(), levered.state())


@pytest.mark.parametrize("hook", ["loss_scale", "grad_scale"])
@pytest.mark.parametrize("s", [-1.0, 0.0, 0.5, 2.0])
def test_the_loss_hook_is_exact_for_plain_sgd(hook: str, s: float) -> None:
    """Without momentum, clip and decay the multiplier of the loss is the multiplier of the update."""
    run = Regression(lambda ps: SGD(ps, lr=0.05), None)
    assert run.step(StepEffect(**{hook: s})).k_effective == pytest.approx(s, abs=1e-3)


# Immediate ratio of the step to the plain one, u(s) = (1 + (1 - b1)(s - 1)) / sqrt(1 + (1 - b2)(s^2 - 1)), as it is tabled for a steady
# gradient: s, u for b2 = 0.999, u for b2 = 0.95.
LOSS_MULTIPLIERS = [
    (-2.0, 0.699, 0.653),
    (-1.0, 0.800, 0.800),
    (0.0, 0.9005, 0.923),
    (0.01, 0.9015, 0.924),
    (1.2, 1.0198, 1.009),
    (1.5, 1.0493, 1.019),
    (2.0, 1.0984, 1.026),
    (3.0, 1.195, 1.014),
    (10.0, 1.81, 0.779),
    (100.0, 3.29, 0.487),
]


@pytest.mark.parametrize("beta2", [0.999, 0.95])
@pytest.mark.parametrize(("s", "slow", "fast"), LOSS_MULTIPLIERS)
def test_the_loss_hook_is_a_placebo_under_adam(s: float, slow: float, fast: float, beta2: float) -> None:
    """With a steady gradient (m = g, v = g^2) a loss multiplier s moves the weights by u(s) plain steps, and the measurement says so."""
    p = nn.Parameter(torch.linspace(1, 2, 50))
    g = torch.linspace(-1, 3, 50) + 0.01
    optimizer = AdamW([p], lr=1e-2, betas=(0.9, beta2), weight_decay=0.0)
    optimizer.state[p] = {"step": torch.tensor(1e6), "exp_avg": g.clone(), "exp_avg_sq": g.square()}
    p.grad = g.clone()
    motion = Levers(optimizer, [p]).step(StepEffect(loss_scale=s))
    assert motion.k_effective == pytest.approx((1 + 0.1 * (s - 1)) / math.sqrt(1 + (1 - beta2) * (s**2 - 1)), abs=1e-3)
    assert motion.k_effective == pytest.approx(slow if beta2 == 0.999 else fast, abs=5e-3)


@pytest.mark.parametrize(("s", "u"), [(-1.0, 0.8), (0.0, 0.9), (2.0, 1.1)])
def test_the_loss_hook_under_momentum(s: float, u: float) -> None:
    """With momentum 0.9 and a steady gradient only a tenth of the step listens to the loss multiplier."""
    p = nn.Parameter(torch.ones(5))
    optimizer = SGD([p], lr=0.01, momentum=0.9)
    optimizer.state[p] = {"momentum_buffer": torch.full((5,), 10.0)}
    p.grad = torch.ones(5)
    assert Levers(optimizer, [p]).step(StepEffect(loss_scale=s)).k_effective == pytest.approx(u, abs=1e-3)


@pytest.mark.parametrize("s", [0.5, 1.5, 10.0])
def test_clipping_deletes_the_loss_hook(s: float) -> None:
    """Where the gradient is clipped anyway, any positive loss multiplier is measured as exactly one."""
    run = Regression(OPTIMIZERS["adamw"], 1e-3)
    assert run.step(StepEffect(loss_scale=s)).k_effective == pytest.approx(1.0, abs=1e-4)


def test_hooks_multiply() -> None:
    """Update and learning-rate hooks pulled together are measured as the product of their claims."""
    run = Regression(OPTIMIZERS["adamw"], 0.25)
    effect = StepEffect(update_scale=-2.0, lr_scale=0.25)
    assert run.step(effect).k_effective == pytest.approx(effect.k_requested, abs=1e-3)
    old = run.weights()
    assert run.step(StepEffect(update_scale=0.0, lr_scale=2.0)).k_effective == 0.0
    assert torch.equal(old, run.weights())


def test_micro_scales_weigh_the_micro_batches() -> None:
    """With `plain` given, .grad is what is applied and plain is what it is measured against."""
    run = Regression(lambda ps: SGD(ps, lr=0.1), None)
    old = run.weights()
    plain = [torch.full_like(p, 2.0) for p in run.parameters]
    for p in run.parameters:
        p.grad = torch.full_like(p, 3.0)
    motion = run.levers.step(StepEffect(micro_scales=(1.0, 2.0)), plain=plain)
    assert motion.k_effective == pytest.approx(1.5, abs=1e-3)
    assert motion.grad_norm == pytest.approx(2.0 * math.sqrt(old.numel()), rel=1e-5)
    torch.testing.assert_close(run.weights(), old - 0.3)


@pytest.mark.parametrize("hook", ["update_scale", "lr_scale"])
@pytest.mark.parametrize("name", ["sgd+momentum", "adamw"])
def test_hold_and_skip_have_different_futures(name: str, hook: str) -> None:
    """At k = 0 neither moves a weight; hold shows the gradient to the moments, skip does not call the optimiser."""
    held, skipped, plain = (Regression(OPTIMIZERS[name], None) for _ in range(3))
    before = plain.state()
    assert held.step(StepEffect(**{hook: 0.0})).k_effective == 0.0
    motion = skipped.step(StepEffect(**{hook: 0.0}, on_zero="skip"))
    assert (motion.k_effective, motion.optimizer_steps) == (0.0, 0)
    plain.step(NEUTRAL)
    assert torch.equal(before[0], held.weights())
    assert same(plain.state()[1:], held.state()[1:])
    assert same(before, skipped.state())


def test_loss_times_zero_is_not_hold() -> None:
    """loss x 0 writes zeros into the moments and the weights still move by them; only skip leaves everything alone."""
    run = Regression(OPTIMIZERS["adamw"], None)
    assert run.step(StepEffect(loss_scale=0.0)).k_effective > 0.5
    before = run.state()
    run.step(StepEffect(loss_scale=0.0, on_zero="skip"))
    assert same(before, run.state())


@pytest.mark.parametrize(
    ("effect", "zero"),
    [
        (StepEffect(), False),
        (StepEffect(grad_scale=0.0), True),
        (StepEffect(micro_scales=(0.0, 0.0)), True),
        (StepEffect(micro_scales=(1.0, -1.0)), False),
    ],
)
def test_only_a_whole_zero_is_zero(effect: StepEffect, zero: bool) -> None:
    """Rolls that cancel out still make a gradient; rolls that are all zero do not."""
    assert zero == is_zero(effect)


@pytest.mark.parametrize(("s", "moves"), [(-1.0, False), (2.0, True)])
def test_a_mask_asks_the_plain_gradient(s: float, moves: bool) -> None:
    """A gradient turned round by a hook sends every update up the plain slope: a cautious step then moves nothing."""
    run = Regression(lambda ps: SGD(ps, lr=0.05), clip=None)
    before = run.weights()
    run.step(StepEffect(grad_scale=s, cautious=True))
    assert moves != torch.equal(before, run.weights())


@pytest.mark.parametrize("poison", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "effect",
    [NEUTRAL, StepEffect(update_scale=2.0), StepEffect(update_scale=0.0), StepEffect(loss_scale=0.0), StepEffect(lr_scale=0.5)],
    ids=lambda effect: str(effect.levers()),
)
@pytest.mark.parametrize("where", ["gradient", "loss"])
def test_what_is_not_finite_never_reaches_the_weights(poison: float, effect: StepEffect, where: str) -> None:
    """Weights and moments stay as they are, k is 0 and the gradients are gone: also for 0 x inf."""
    run = Regression(OPTIMIZERS["adamw"], 0.25)
    before = run.state()
    loss = run.backward()
    if where == "gradient":
        run.parameters[1].grad[0] = poison
    else:
        loss = poison
    motion = run.levers.step(effect, loss=loss)
    assert (motion.finite, motion.k_effective, motion.optimizer_steps) == (False, 0.0, 0)
    assert same(before, run.state())
    assert all(p.grad is None for p in run.parameters)


def test_a_poisoned_micro_batch_cannot_hide_behind_its_zero() -> None:
    """A micro-batch with k_j = 0 and an infinite gradient shows in the plain sum and stops the step."""
    run = Regression(OPTIMIZERS["sgd"], None)
    before = run.state()
    run.backward()
    plain = [p.grad.clone() for p in run.parameters]
    plain[0][0, 0] = math.inf
    assert not run.levers.step(StepEffect(micro_scales=(0.0, 1.0)), plain=plain).finite
    assert same(before, run.state())


def test_clip_factor_moves_the_threshold() -> None:
    """The optimiser sees a gradient of clip x factor, where it was longer than that."""
    run = Regression(lambda ps: SGD(ps, lr=0.1), 1e-2)
    old = run.weights()
    motion = run.step(StepEffect(clip_factor=3.0))
    assert motion.clipped_norm == pytest.approx(3e-2, rel=1e-3)
    assert (run.weights() - old).norm().item() == pytest.approx(3e-3, rel=1e-3)
    unclipped = run.step(StepEffect(clip_factor=1e9))
    assert unclipped.grad_norm == unclipped.clipped_norm
    assert Regression(OPTIMIZERS["sgd"], None).step(StepEffect(clip_factor=3.0)).clipped_norm is None


@pytest.mark.parametrize("factor", [0.0, 0.5, 4.0])
def test_decay_factor_scales_the_decay(factor: float) -> None:
    """Without gradient AdamW shrinks the weights by learning rate x decay x factor, once."""
    p = nn.Parameter(torch.full((4,), 2.0))
    levers = Levers(AdamW([p], lr=0.1, weight_decay=0.5), [p])
    p.grad = torch.zeros(4)
    levers.step(StepEffect(decay_factor=factor))
    assert p.tolist() == pytest.approx([2.0 * (1 - 0.1 * 0.5 * factor)] * 4)
    assert [0.5] == [group["weight_decay"] for group in levers.optimizer.param_groups]


def test_parameters_of_two_dtypes_are_measured_together() -> None:
    """bf16 and fp32 parameters under one optimiser: k = 0 restores both to the bit, k = 2 is measured to bf16's precision."""
    ps = [nn.Parameter(torch.randn(40, generator=torch.Generator().manual_seed(1)).to(dtype)) for dtype in (torch.bfloat16, torch.float32)]
    levers = Levers(SGD(ps, lr=0.5), ps)
    for k, tolerance in ((0.0, 0.0), (2.0, 0.02)):
        before = copy.deepcopy(ps)
        for p in ps:
            p.grad = torch.ones_like(p)
        assert levers.step(StepEffect(update_scale=k)).k_effective == pytest.approx(k, abs=tolerance)
        assert (k == 0) == all(torch.equal(p, q) for p, q in zip(ps, before, strict=True))


def test_a_parameter_without_gradient_is_left_alone() -> None:
    """Parameters that took no part in the loss neither move nor stop the others."""
    used, unused = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))
    levers = Levers(SGD([used, unused], lr=0.1), [used, unused], clip=10.0)
    for effect in (NEUTRAL, StepEffect(update_scale=2.0), StepEffect(lr_scale=2.0)):
        used.grad = torch.ones(3)
        levers.step(effect)
    assert [0.5] * 3 == pytest.approx(used.tolist())
    assert [1.0] * 3 == unused.tolist()


def test_a_parameter_without_numbers_leaves_the_noise_of_the_others_measured() -> None:
    """A layer of no units has no spread; the others get their noise, and its size is told."""
    tensors = [torch.randn(400), torch.zeros(0, 8)]
    assert add_weight_noise(tensors, 0.1, torch.Generator().manual_seed(1)) == pytest.approx(0.1, rel=0.1)


def test_weight_noise_is_as_large_as_it_claims() -> None:
    """The noise is the claimed fraction of each tensor's spread, measured so, and drawn from its own stream alone."""
    draw = torch.Generator().manual_seed(0)
    tensors = [torch.randn(100, 50, generator=draw) * 3, torch.randn(400, generator=draw), torch.ones(20)]
    noisy, again = copy.deepcopy(tensors), copy.deepcopy(tensors)
    measured = add_weight_noise(noisy, 0.1, torch.Generator().manual_seed(1))
    assert measured == pytest.approx(0.1, rel=0.05)
    for before, after in zip(tensors[:2], noisy[:2], strict=True):
        assert (after - before).std().item() == pytest.approx(0.1 * before.std().item(), rel=0.1)
    assert torch.equal(tensors[2], noisy[2])
    assert add_weight_noise(again, 0.1, torch.Generator().manual_seed(1)) == measured
    assert all(torch.equal(a, b) for a, b in zip(noisy, again, strict=True))


@pytest.mark.parametrize(("fraction", "count"), [(0.0, 0), (0.25, 16), (1.0, 64)])
def test_target_noise_replaces_exactly_that_many(fraction: float, count: int) -> None:
    """round(fraction x size) places are drawn anew; the others, and the original, are as they were."""
    targets = torch.full((8, 8), 99)
    noisy, replaced = replace_targets(targets, fraction, 99, torch.Generator().manual_seed(0))
    assert (count, count) == (replaced, (noisy != 99).sum().item())
    assert targets.unique().tolist() == [99]
    assert noisy.shape == targets.shape


@pytest.mark.parametrize(("serves", "calls"), [(True, 1), (False, 3)])
def test_only_an_optimiser_that_is_served_steps_by_its_kernel(serves: bool, calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its first step, which makes the moments, its `step` is not called; that of any other is called every time."""
    parameter, called, step = nn.Parameter(torch.ones(3)), [], AdamW.step
    optimizer = AdamW([parameter], lr=0.01, fused=True)
    if serves:
        serve(optimizer)
    monkeypatch.setattr(AdamW, "step", lambda self: called.append(self) or step(self))
    levers = Levers(optimizer, [parameter])
    for _ in range(3):
        parameter.grad = torch.ones(3)
        levers.step(NEUTRAL)
    assert len(called) == calls


def test_two_steps_of_a_turn_are_one_motion():
    """In twice as many dimensions: inner products add up, so k weighs both; of the caps the largest share is told."""
    first = StepMeasurement(
        grad_norm=1.0, measured=True, proposed_squared=4.0, applied_squared=1.0, applied_dot_proposed=2.0, levers={"norm_cap": 0.9}
    )
    second = StepMeasurement(
        grad_norm=3.0, measured=True, proposed_squared=1.0, applied_squared=9.0, applied_dot_proposed=3.0, levers={"norm_cap": 0.5}
    )
    both, turned = first.beside(second), second.beside(first)
    assert (both.k_effective, both.proposed_norm, both.applied_norm) == (1.0, math.sqrt(5), math.sqrt(10))
    assert (both.grad_norm, both.optimizer_steps, turned.grad_norm) == (1.0, 2, 3.0)
    assert {"norm_cap": 0.9} == both.levers == turned.levers
    assert not first.beside(replace(second, finite=False)).finite


def test_a_cap_looks_back_on_updates_as_they_were_before_it():
    """A cap made of updates that were cut already would shrink turn by turn."""
    p = nn.Parameter(torch.zeros(4))
    levers = Levers(SGD([p], lr=1.0), [p])
    levers.watch_norms([0.5] * FEWEST_NORMS)
    p.grad = torch.ones(4)
    measured = levers.step(StepEffect(norm_cap=0.9)).levers
    assert pytest.approx((2.0, 0.5, 0.5)) == tuple(measured[f"norm_cap.{name}"] for name in ("before", "cap", "after"))
    assert [0.5] * FEWEST_NORMS + [2.0] == pytest.approx(list(levers.norms or ()))
    assert 0.5 == pytest.approx(p.norm().item())
