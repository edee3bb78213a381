"""Levers on the optimiser steps of a foreign training loop, through PyTorch's step hooks.

Clipping, mixed precision, loss scaling and accumulation stay in the loop. A neutral step is not touched, to the last bit. A gradient
that is not finite is hidden from the optimiser, so that it reaches neither weights nor moments.

The hooks act only while they are armed: from `arm` to `disarm`, which is one turn of one owner. Any other step is plain.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer

from rolltrain_tui.base.statistics import square
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.training.levers.levers import Levers, StepMeasurement
from rolltrain_tui.training.levers.masks import masks
from rolltrain_tui.training.levers.sampled_update import SampledUpdate
from rolltrain_tui.training.machine.ranks import ALONE, Ranks
from rolltrain_tui.training.optimizers.optimizer_state import learning, scale_groups
from rolltrain_tui.training.tensors.gradients import seen
from rolltrain_tui.training.tensors.precise import in_float64
from rolltrain_tui.training.tensors.shards import own

_LOOP = "the loop that trains is not rolltrain's"
UNAVAILABLE_LEVERS = {
    "extra_steps": f"{_LOOP}, and takes one step at a time",
    "extra_batch_factor": f"{_LOOP}, and takes one step at a time",
    "batch_factor": f"{_LOOP}, and chooses its batches itself",
    "drop_worst": f"{_LOOP}, and chooses its batches itself",
    "target_noise": f"{_LOOP}, and reads its labels itself",
    "micro_scales": f"{_LOOP}, and computes its loss itself",
    "loss_scale": f"{_LOOP}, and computes its loss itself",
    "grad_scale": f"{_LOOP}, and clips its gradient itself",
    "clip_factor": f"{_LOOP}, and clips its gradient itself",
}
"""Levers that need more than the optimiser, each with the reason."""


NoStep = Literal["elsewhere", "not finite", "waiting", "nothing"]
"""Why no step was seen. elsewhere: something else wrote to the weights; not finite: the gradient is not, as where a loss scaler skips
a step; waiting: a gradient is in `.grad`, as inside an accumulation window; nothing: there is no gradient."""


class OptimizerHooks:
    """Hooks on one optimiser. `arm` them before a step; after it, `motion` holds its measurement until they are armed again."""

    def __init__(self, model: nn.Module, optimizer: Optimizer, ranks: Ranks = ALONE) -> None:
        self.model, self.optimizer = model, optimizer
        self.levers = Levers(optimizer, learning(optimizer), ranks=ranks)
        self.motion: StepMeasurement | None = None
        self.looked = False
        """The gradient has been seen."""
        self.further = False
        """A second step was taken in this turn."""
        self._sampled = SampledUpdate.of(optimizer)
        self.joined: Callable[[list[Tensor]], None] = lambda before: None
        """Called before the step when other parameters learn than before; it gets those that learned until now."""
        self.effect: StepEffect | None = None
        """The effect of the turn that is under way; None between two turns."""
        self._by_rate = False
        """k acts on this step as a factor of the learning rate."""
        self._norm = math.nan
        self._kept: list[dict[str, Any]] = []
        self._mark = 0
        """Changes whenever anyone writes to a parameter."""
        self._hooks = [optimizer.register_step_pre_hook(self._before), optimizer.register_step_post_hook(self._after)]

    def remove(self) -> None:
        """Remove the hooks."""
        self.disarm()
        for hook in self._hooks:
            hook.remove()

    def arm(self, effect: StepEffect) -> None:
        """The next step is taken under `effect`."""
        self.disarm()
        self.effect, self.motion, self.looked, self.further = effect, None, False, False
        self._mark = self._written()

    def disarm(self) -> None:
        """Steps are plain from here on. What an interrupted step has left in the groups is put back."""
        self.effect = None
        self._put_groups_back()

    def _reread(self) -> None:
        """Parameters that joined the optimiser, or thawed, are scaled and measured from here on."""
        if (before := self.levers.reread()) is not None:
            self._sampled = SampledUpdate.of(self.optimizer)
            self.joined(before)

    def why_no_step(self) -> NoStep:
        """Why no step was seen since `arm`; to be called before `disarm`."""
        if self._written() != self._mark:
            return "elsewhere"
        norm = self._norm if self.looked else self._length()
        if not math.isfinite(norm):
            return "not finite"
        return "waiting" if norm > 0 else "nothing"

    def _written(self) -> int:
        return sum(p._version + own(p).data_ptr() for p in self.levers.parameters)

    def _length(self) -> float:
        """|g|, over the shards of all ranks too."""
        length = _length(seen(self.levers.parameters))
        return math.sqrt(*self.levers.total(square(length))) if self.levers.sharded else length

    @torch.no_grad()
    def look(self) -> None:
        """Measure the gradient before the step. Where a closure computes it, the loop calls this at the closure's end."""
        # A fused optimiser under a loss scaler gets scaled gradients and is told the scale; it leaves them unscaled.
        scale = getattr(self.optimizer, "grad_scale", None)
        self._norm = self._length() / (float(scale) if scale is not None else 1.0)
        self.looked = True
        if not math.isfinite(self._norm):
            # Optimisers skip a parameter without a gradient, so neither weights nor moments change
            for p in self.levers.parameters:
                p.grad = None

    @torch.no_grad()
    def _before(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any] | None:
        effect = self.effect
        if effect is None:
            return None  # outside of a turn
        if self.motion is not None:
            self.further = True
            return None
        self._reread()
        closure = any(map(callable, (*args, *kwargs.values())))
        if not closure:
            self.look()
        # k as a learning rate is free; else theta_old is copied now and the update scaled after the step
        k = effect.update_scale * effect.lr_scale
        self._put_groups_back()
        self._by_rate = self._scales_rate(effect)
        if self._by_rate:
            assert self._sampled is not None
            self._sampled.remember()
        elif k != 1 or masks(effect) or self.levers.norms is not None:
            self.levers.remember()
        rate, decay = k if self._by_rate else 1.0, effect.decay_factor
        if rate == decay == 1:
            return None

        def scale() -> None:
            self._kept = scale_groups(optimizer, rate, decay)

        if closure and self._sampled is not None:  # PyTorch's own optimisers call it first, and it may set the learning rate
            return _and_then(scale, args, kwargs)
        scale()
        return None

    @torch.no_grad()
    def _after(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        effect = self.effect
        if effect is None or self.motion is not None:
            return
        for group, kept in zip(optimizer.param_groups, self._kept, strict=False):
            group.update({key: value for key, value in kept.items() if key == "lr"})  # the weight decay follows below
        if not self.looked:  # the loop passed a closure of its own, which has computed the gradient
            self.look()
        k = effect.update_scale * effect.lr_scale
        if not math.isfinite(self._norm):
            # A fused optimiser is called by the loss scaler and told to skip. That is no fault of the loss.
            self.motion = StepMeasurement(grad_norm=self._norm, finite=getattr(optimizer, "found_inf", None) is not None, optimizer_steps=0)
        elif self._by_rate:
            assert self._sampled is not None
            proposed, applied, both = self._sampled.products()
            self.motion = StepMeasurement(
                grad_norm=self._norm, measured=True, proposed_squared=proposed, applied_squared=applied, applied_dot_proposed=both
            )
        elif k != 1 or masks(effect) or self.levers.norms is not None:
            self.motion = self.levers.pull(replace(effect, update_scale=k), self._norm)
        else:
            self.motion = StepMeasurement(grad_norm=self._norm)
        self._put_groups_back()

    def _put_groups_back(self) -> None:
        for group, kept in zip(self.optimizer.param_groups, self._kept, strict=False):  # a group may have joined since
            group.update(kept)
        self._kept = []

    def _scales_rate(self, effect: StepEffect) -> bool:
        """True where k can act as a factor of the learning rate, which costs nothing: no mask, no cap, no negative k."""
        k = effect.update_scale * effect.lr_scale
        if self._sampled is None or k == 1 or k < 0 or masks(effect) or self.levers.norms is not None:
            return False
        # a sample would miss the few rows that a sparse gradient moves
        return not any(p.grad is not None and p.grad.is_sparse for p in self.levers.parameters)


def _and_then(act: Callable[[], None], args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a step, whose closure calls `act` at its end."""

    def with_act(value: Any) -> Any:
        if not callable(value):
            return value

        @functools.wraps(value)
        def closure(*args: Any, **kwargs: Any) -> Any:
            result = value(*args, **kwargs)
            act()
            return result

        return closure

    return tuple(map(with_act, args)), {key: with_act(value) for key, value in kwargs.items()}


def _length(grads: list[Tensor]) -> float:
    """|g| over all gradients, 0 for none. Inner products, where possible, are a tenth faster than norms, and closer to the float64 sum."""
    if not grads:
        return 0.0
    if all(g.dtype == torch.float32 and g.is_contiguous() and g.layout == torch.strided and g.device == grads[0].device for g in grads):
        return math.sqrt(in_float64(torch.stack([torch.dot(g.view(-1), g.view(-1)) for g in grads])).sum().item())
    return get_total_norm(grads, foreach=True).item()
