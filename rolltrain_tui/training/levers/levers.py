"""Carries out a StepEffect on one optimiser step, for any torch optimiser, and measures from the weights what it did.

With theta_old the weights before the step, g the plain mean gradient and G = loss_scale x grad_scale x sum_j k_j g_j / K
(g itself where those hooks are neutral):

    theta_plain   what the optimiser makes of theta_old with g, the plain learning rate and update_scale = 1
    theta_scaled  what it makes of theta_old with G and learning rate x lr_scale
    theta         theta_old + update_scale (theta_scaled - theta_old)

    proposed = theta_plain - theta_old      applied = theta - theta_old      k_effective = <applied, proposed> / <proposed, proposed>

Clipping (x clip_factor), weight decay (x decay_factor), batch, masks on coordinates and noise are the same for both, so k_effective is
about the scalar hooks alone; what a mask did is measured apart. A cap on the update's norm acts last, on applied, and k_effective shows it.
Where only update_scale is pulled theta_scaled is theta_plain and one optimiser step is enough. Where a hook on the gradient or the
learning rate is pulled, the plain step is really taken, measured and undone. A neutral effect is clip, step, zero_grad and nothing else.
"""

import copy
import math
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.optim import Optimizer

from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.training.levers.masks import NORMS, AgreementCount, agreement, cap_of, masks, squared_halves
from rolltrain_tui.training.machine.ranks import ALONE, Ranks
from rolltrain_tui.training.optimizers.lean_step import LeanStep
from rolltrain_tui.training.optimizers.optimizer_state import RATES, OptimizerState, learning, put_back, scale_groups, take, well_known
from rolltrain_tui.training.tensors.gradients import clip, dense, gathered, parts, real, seen, total_norm
from rolltrain_tui.training.tensors.shards import check_layout
from rolltrain_tui.training.tensors.update_buffers import UpdateBuffers, by_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMeasurement:
    """What one optimiser step, or several side by side, did to the weights: inner products over all parameters."""

    grad_norm: float
    """Norm of the plain mean gradient, before clipping and scaling; of the first step where there were several."""
    clipped_norm: float | None = None
    """Norm of the gradient the optimiser saw; None where clip_factor was not pulled or nothing clips."""
    finite: bool = True
    """False: loss or gradient was not finite, and nothing was applied."""
    optimizer_steps: int = 1
    measured: bool = False
    """False: no scalar lever was pulled; applied is proposed by construction, and neither was measured."""
    proposed_squared: float = 0.0
    applied_squared: float = 0.0
    applied_dot_proposed: float = 0.0
    levers: Mapping[str, float] = field(default_factory=dict)
    """What masks and cap measured of themselves; of the first step where there were several, of the cap the largest."""

    @property
    def proposed_norm(self) -> float | None:
        """None where the optimiser was not asked, or its step was not measured."""
        return math.sqrt(self.proposed_squared) if self.measured and self.optimizer_steps else None

    @property
    def applied_norm(self) -> float | None:
        """None where it was not measured."""
        if not self.finite or (not self.measured and not self.optimizer_steps):
            return 0.0
        return math.sqrt(self.applied_squared) if self.measured else None

    @property
    def k_effective(self) -> float | None:
        """None where it was not measured."""
        if not self.finite:
            return 0.0
        if not self.measured or (self.optimizer_steps and not self.proposed_squared):
            return None  # a step of no length has no factor
        return self.applied_dot_proposed / self.proposed_squared if self.proposed_squared > 0 else 0.0

    def beside(self, later: "StepMeasurement") -> "StepMeasurement":
        """This step and a later one as one motion in twice as many dimensions, so that k_effective weighs both."""
        return StepMeasurement(
            grad_norm=self.grad_norm,
            clipped_norm=self.clipped_norm,
            finite=self.finite and later.finite,
            optimizer_steps=self.optimizer_steps + later.optimizer_steps,
            measured=self.measured or later.measured,
            proposed_squared=self.proposed_squared + later.proposed_squared,
            applied_squared=self.applied_squared + later.applied_squared,
            applied_dot_proposed=self.applied_dot_proposed + later.applied_dot_proposed,
            levers=max(self.levers, later.levers, key=lambda measured: measured.get("norm_cap", 0.0)),
        )


class Levers:
    """The levers on the steps of `optimizer` over `parameters`; `clip` is the gradient-norm threshold, None for no clipping.

    Call `step` where a plain loop calls clip_grad_norm_(parameters, clip), optimizer.step and zero_grad. Optimisers that need a closure
    are not served.
    """

    def __init__(self, optimizer: Optimizer, parameters: Iterable[Tensor], *, clip: float | None = None, ranks: Ranks = ALONE) -> None:
        """`ranks`: who holds the other parts, where the parameters are shards. ShardsError where they are laid out in another way."""
        self.optimizer = optimizer
        self._lean = LeanStep(optimizer)
        self.parameters = list(parameters)
        self.ranks, self.sharded = ranks, check_layout(self.parameters)
        self._ids = frozenset(map(id, self.parameters))
        self.clip = clip
        self.norms: deque[float] | None = None
        """Norms of the last updates before any cap; None where no lever of the run asks for a cap, and none is measured."""
        self._buffers: list[UpdateBuffers] = []

    def reread(self) -> list[Tensor] | None:
        """Read from the optimiser's groups which parameters learn now, as groups may join and layers thaw.

        The list as it was before, where it changed; else None.
        """
        now = learning(self.optimizer)
        if (ids := frozenset(map(id, now))) == self._ids:
            return None
        before = self.parameters
        # Known ones keep their order
        self.parameters = [p for p in before if id(p) in ids] + [p for p in now if id(p) not in self._ids]
        self._ids, self._buffers, self.sharded = ids, [], check_layout(self.parameters)
        return before

    def over_shards(self, sums: Tensor) -> Tensor:
        """Sums over this rank's part of the weights become sums over all of them. In place where the weights are sharded."""
        return self.ranks.add(sums) if self.sharded else sums

    def total(self, *sums: float) -> Sequence[float]:
        """As over_shards, for numbers: one all-reduce."""
        return self.over_shards(torch.tensor(sums, dtype=torch.float64)).tolist() if self.sharded else sums

    def norm_of(self, tensors: Sequence[Tensor]) -> Tensor:
        """The Euclidean norm over all weights of `tensors`, which hold this rank's part of them."""
        norm = total_norm(list(tensors))
        return self.over_shards(norm.double().square()).sqrt() if self.sharded else norm

    def watch_norms(self, norms: Iterable[float] = ()) -> None:
        """Measure the norm of every update from here on, for norm_cap. `norms`: those of a saved run."""
        self.norms = deque(norms, maxlen=NORMS)

    def step(self, effect: StepEffect, *, loss: float = 0.0, plain: Sequence[Tensor] | None = None) -> StepMeasurement:
        """One optimiser step under `effect`, from the gradients in `.grad`, which are None afterwards.

        `.grad` holds the mean gradient, or where micro_scales are in use sum_j k_j g_j / K; then `plain` holds sum_j g_j / K, one
        tensor per parameter that has a gradient, in the order of `parameters`. Nothing is applied when `loss` or a gradient is not finite.
        """
        assert min(effect.lr_scale, effect.decay_factor) >= 0 < effect.clip_factor, f"not a lever's range: {effect}"
        assert effect.norm_cap == 1 or self.norms is not None, "norm_cap looks back: call watch_norms first"
        plain = parts(plain) if plain is not None else None
        norm = self.norm_of(plain if plain is not None else seen(self.parameters))
        length = norm.item()
        # The cheapest way that serves the levers: nothing, one step, one step scaled afterwards, or two steps to compare.
        if not (math.isfinite(loss) and math.isfinite(length)):
            motion = StepMeasurement(grad_norm=length, finite=False, optimizer_steps=0)
        elif effect.on_zero == "skip" and is_zero(effect):
            # The optimiser is not called: applied = 0
            motion = StepMeasurement(grad_norm=length, optimizer_steps=0, measured=True)
        elif effect.lr_scale != 1 or effect.loss_scale != 1 or effect.grad_scale != 1 or plain is not None:
            motion = self._step_and_counterfactual(effect, plain, norm)
        elif effect.update_scale != 1 or masks(effect) or self.norms is not None:
            motion = self._scaled_update(effect, norm)
        else:
            motion = StepMeasurement(grad_norm=length, clipped_norm=self._optimizer_step(effect, norm))
        for p in self.parameters:
            p.grad = None
        return motion

    def _scaled_update(self, effect: StepEffect, norm: Tensor) -> StepMeasurement:
        """theta <- theta_old + k (theta_new - theta_old); the moments have seen the true gradient."""
        self.remember()
        clipped_norm = self._optimizer_step(effect, norm)
        return self.pull(effect, norm.item(), clipped_norm)

    @torch.no_grad()
    def remember(self) -> None:
        """Before a step that is measured: keep theta_old."""
        for flat in self._lay_out_buffers():
            flat.remember()

    @torch.no_grad()
    def pull(self, effect: StepEffect, norm: float, clipped_norm: float | None = None) -> StepMeasurement:
        """After the optimiser's step from what was remembered, while `.grad` still holds its gradient: mask, scale, cap and measure."""
        buffers = self._lay_out_buffers()
        masked = self._mask(buffers, effect, None)
        for flat in buffers:
            flat.propose()
            if effect.update_scale != 1:
                flat.interpolate(effect.update_scale)
        capped = self._cap(buffers, effect.norm_cap)
        return self._measure(buffers, norm, clipped_norm, masked | capped)

    @torch.no_grad()
    def _step_and_counterfactual(self, effect: StepEffect, plain: Sequence[Tensor] | None, norm: Tensor) -> StepMeasurement:
        """The plain step, measured and undone, then from the same weights and moments the step with the hooks."""
        s = effect.loss_scale * effect.grad_scale
        grads = gathered(self.parameters)
        # A finite gradient may overflow when it is scaled, and has to be refused before anything moves.
        scaled = torch._foreach_mul(grads, s)
        scaled_norm = self.norm_of(scaled)
        if not math.isfinite(scaled_norm.item()):
            return StepMeasurement(grad_norm=norm.item(), finite=False, optimizer_steps=0)
        self.remember()
        buffers, state = self._lay_out_buffers(), copy_state(self.optimizer)

        # The plain step: theta_plain, measured and undone
        if plain is not None:
            torch._foreach_copy_(grads, list(plain))
        plain_gradient = self._plain_gradient() if masks(effect) else None
        self._optimizer_step(effect, norm)
        self._mask(buffers, effect, plain_gradient)
        for flat in buffers:
            flat.propose()
            flat.restore()
        proposed = [flat.proposed.clone() for flat in buffers] if masks(effect) else []  # the second mask overwrites them
        put_state(self.optimizer, state)

        # The real step: theta_scaled, from the same weights and moments
        torch._foreach_copy_(grads, scaled)
        clipped_norm = self._optimizer_step(effect, scaled_norm, lr_scale=effect.lr_scale)
        masked = self._mask(buffers, effect, plain_gradient)
        for flat, update in zip(buffers, proposed, strict=bool(proposed)):
            flat.proposed.copy_(update)
        if effect.update_scale != 1:
            for flat in buffers:
                flat.interpolate(effect.update_scale)
        capped = self._cap(buffers, effect.norm_cap)
        return self._measure(buffers, norm.item(), clipped_norm, masked | capped)

    def _plain_gradient(self) -> dict[Tensor, Tensor]:
        """A copy of the plain gradient, for masks on a step whose own gradient is another."""
        return {p: dense(p.grad).clone() for p in self.parameters if p.grad is not None}

    def _mask(self, buffers: list[UpdateBuffers], effect: StepEffect, plain: Mapping[Tensor, Tensor] | None) -> dict[str, float]:
        """Turn the optimiser's update into the masked one. `plain` is the plain gradient; None: what `.grad` holds, clipped or not."""
        if not masks(effect):
            return {}
        count, agrees = AgreementCount(), []
        for flat in buffers:
            flat.propose()
            agrees.append(agreement(flat.proposed, (_gradient(p, plain) for p in flat.held)))
            # The share counts over all weights, so every dtype is counted before any is masked.
            count.weights += flat.proposed.numel()
            count.agreeing += int(agrees[-1].sum().item())
            count.before = [a + b for a, b in zip(count.before, squared_halves(flat.proposed, agrees[-1]), strict=True)]
        weights, agreeing, *count.before = self.total(count.weights, count.agreeing, *count.before)
        count.weights, count.agreeing = int(weights), int(agreeing)
        agreeing, others = count.factors(effect)
        for flat, agree in zip(buffers, agrees, strict=True):
            flat.multiply(torch.where(agree, agreeing, others).to(flat.proposed.dtype))
            flat.propose()
            count.after = [a + b for a, b in zip(count.after, squared_halves(flat.proposed, agree), strict=True)]
        count.after = list(self.total(*count.after))
        return count.measured(effect)

    def _cap(self, buffers: list[UpdateBuffers], quantile: float) -> dict[str, float]:
        """Cut the update to the quantile of the norms before it, and remember how long it was."""
        if self.norms is None:
            return {}
        norm = self._moved(buffers)
        cap = cap_of(self.norms, quantile) if quantile != 1 else None
        self.norms.append(norm)  # before the cut: a cap made of cut norms would shrink turn by turn
        if cap is None:
            return {}
        if norm > cap:
            for flat in buffers:
                flat.interpolate(cap / norm)
        capped = self._moved(buffers) if norm > cap else norm
        return {"norm_cap": capped / cap if cap > 0 else 0.0, "norm_cap.cap": cap, "norm_cap.before": norm, "norm_cap.after": capped}

    def _moved(self, buffers: list[UpdateBuffers]) -> float:
        """|theta - theta_old|."""
        return math.sqrt(*self.total(sum(flat.moved_squared() for flat in buffers)))

    def _measure(
        self, buffers: list[UpdateBuffers], norm: float, clipped_norm: float | None, levers: Mapping[str, float]
    ) -> StepMeasurement:
        products = self.total(*(sum(column) for column in zip(*(flat.products().tolist() for flat in buffers), strict=True)))
        return StepMeasurement(
            grad_norm=norm,
            clipped_norm=clipped_norm,
            measured=True,
            proposed_squared=products[0],
            applied_squared=products[1],
            applied_dot_proposed=products[2],
            levers=levers,
        )

    def _optimizer_step(self, effect: StepEffect, norm: Tensor, lr_scale: float = 1.0) -> float | None:
        """Clip, step. Norm of the gradient the optimiser saw, where clip_factor was pulled."""
        clipped_norm = None
        if self.clip is not None:
            threshold = self.clip * effect.clip_factor
            if norm.item() + 1e-6 > threshold:  # otherwise the coefficient is 1: the multiplication would change no bit
                clip(self.parameters, threshold, norm)
            if effect.clip_factor != 1:
                clipped_norm = self.norm_of(seen(self.parameters)).item()
        if lr_scale == effect.decay_factor == 1:
            self._lean.take()
        else:
            with self._settings(lr_scale, effect.decay_factor):
                self._lean.take()
        return clipped_norm

    @contextmanager
    def _settings(self, lr_scale: float, decay_factor: float) -> Iterator[None]:
        """Learning rate and weight decay of every group, multiplied for one step."""
        kept = scale_groups(self.optimizer, lr_scale, decay_factor)
        try:
            yield
        finally:
            for group, before in zip(self.optimizer.param_groups, kept, strict=True):
                group.update(before)

    def _lay_out_buffers(self) -> list[UpdateBuffers]:
        """The scratch buffers, made at first need; all parameters of one device and dtype share one pair of buffers."""
        if not self._buffers:
            self._buffers = list(map(UpdateBuffers, by_kind(self.parameters)))
        return self._buffers


def is_zero(effect: StepEffect) -> bool:
    """True where a scalar lever claims that this turn does not move the weights."""
    hooks = (effect.update_scale, effect.lr_scale, effect.loss_scale, effect.grad_scale)
    return 0 in hooks or (effect.micro_scales != () and not any(effect.micro_scales))


def _gradient(p: Tensor, plain: Mapping[Tensor, Tensor] | None) -> Tensor:
    gradient = p.grad if plain is None else plain.get(p)
    return torch.zeros_like(real(p)) if gradient is None else dense(gradient)


# ---------------------------------------------------------------------------------------------------------------------
# The optimiser's own state: moments, step counts, and whatever it keeps in its groups


class SteppedState(NamedTuple):
    kept: OptimizerState | None
    """None where `moments` and `groups` are the whole state."""
    moments: dict[Tensor, dict[str, Any]]
    groups: list[dict[str, Any]]


def copy_state(optimizer: Optimizer) -> SteppedState:
    groups = [{key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups]
    if well_known(optimizer):
        return SteppedState(
            None, {p: {name: _copy(value) for name, value in state.items()} for p, state in optimizer.state.items()}, groups
        )
    return SteppedState(take(optimizer, {}), {}, groups)


def _copy(value: Any) -> Any:
    """`deepcopy` of a small tensor takes twenty times as long as its `clone`."""
    return value.clone() if isinstance(value, Tensor) else copy.deepcopy(value)


def put_state(optimizer: Optimizer, state: SteppedState) -> None:
    """Back to `state`, which the optimiser owns from here on; a parameter that had no moments then has none again."""
    if state.kept is not None:
        put_back(optimizer, state.kept, {})
    else:
        optimizer.state.clear()
        optimizer.state.update(state.moments)
    for group, kept in zip(optimizer.param_groups, state.groups, strict=True):
        group.update({key: value for key, value in kept.items() if state.kept is None or key in RATES})
