"""StepEffect: all that the rules ever say to training, and how two of them combine."""

from dataclasses import dataclass, fields
from typing import Literal, Self

OnZero = Literal["hold", "skip"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEffect:
    """The levers of one turn; every default is neutral, and a neutral effect is plain training to the last bit.

    With theta_old the weights before the turn, theta_new the weights the optimiser proposes and g the mean gradient of the turn's batch:
    """

    update_scale: float = 1.0
    """k: theta <- theta_old + k (theta_new - theta_old). Exact for every optimiser and sign; the moments see the true gradient."""

    lr_scale: float = 1.0
    """Learning rate of this turn x this, >= 0. Exact for every optimiser; scales decoupled weight decay with it."""

    loss_scale: float = 1.0
    """Loss x this before the backward pass. Exact only for SGD without clipping: the placebo of the original's rulebooks."""

    grad_scale: float = 1.0
    """Gradient x this before clipping. The same mathematics as loss_scale, the hook of the original's per-accumulation-step mode."""

    micro_scales: tuple[float, ...] = ()
    """One loss multiplier per accumulated micro-batch: G = sum_j k_j g_j / K. Empty: all one."""

    on_zero: OnZero = "hold"
    """What k = 0 does to the moments. hold: they see the gradient, the weights stay; skip: the optimiser is not called."""

    clip_factor: float = 1.0
    """Clip threshold x this, > 0 (no effect where the campaign does not clip)."""

    decay_factor: float = 1.0
    """Weight decay x this, >= 0."""

    extra_steps: int = 0
    """More full optimiser steps, each on a fresh batch, within this turn."""

    batch_factor: float = 1.0
    """Sequences in the batch x this (at least one sequence; above one by accumulation)."""

    weight_noise: float = 0.0
    """After the step, theta += this x std(theta) x standard normal, per parameter tensor."""

    target_noise: float = 0.0
    """Fraction of this turn's targets replaced by uniformly random tokens."""

    norm_cap: float = 1.0
    """The update's norm is cut to this quantile of the norms of the last 100 turns; 1: no cap."""

    agreeing_gain: float = 1.0
    """Coordinates where the update points against the gradient (update x gradient < 0) x this, the others x 1."""

    cautious: bool = False
    """Coordinates where the update does not point against the gradient become 0, the rest x 1 / their share (arXiv 2411.16085)."""

    drop_worst: int = 0
    """This many sequences of the batch, those with the highest loss, do not count."""

    extra_batch_factor: float = 1.0
    """Size of the batch of each extra step, relative to the turn's."""

    forget_momentum: bool = False
    """Before the step, the first moments (SGD: the momentum) become zero."""

    heal_alpha: float = 0.0
    """Before the step, theta <- (1 - alpha) theta + alpha EMA(theta), alpha in [0, 1]."""

    restore_best: bool = False
    """Before the step, weights and moments return to the best of the remembered validation snapshots; data go on."""

    rollback: bool = False
    """Before the step, weights, moments and schedule return to the last snapshot; data go on from where they are."""

    dials: tuple[tuple[str, str], ...] = ()
    """Dials of the mode that are turned before the step, each with its new value: they stay so."""

    def combine(self, other: Self) -> Self:
        """Both effects at once: factors multiply, counts and noises add (noise fractions stay <= 1), the stricter on_zero wins.

        Associative and commutative up to rounding, with the neutral effect as its identity. Two sets of micro_scales must
        have the same length (ValueError otherwise).
        """
        if self.micro_scales and other.micro_scales:
            if len(self.micro_scales) != len(other.micro_scales):
                raise ValueError(f"micro_scales of {len(self.micro_scales)} and {len(other.micro_scales)} micro-batches cannot be combined")
            micro_scales = tuple(a * b for a, b in zip(self.micro_scales, other.micro_scales, strict=True))
        else:
            micro_scales = self.micro_scales or other.micro_scales
        return type(self)(
            update_scale=self.update_scale * other.update_scale,
            lr_scale=self.lr_scale * other.lr_scale,
            loss_scale=self.loss_scale * other.loss_scale,
            grad_scale=self.grad_scale * other.grad_scale,
            micro_scales=micro_scales,
            on_zero="skip" if "skip" in (self.on_zero, other.on_zero) else "hold",
            clip_factor=self.clip_factor * other.clip_factor,
            decay_factor=self.decay_factor * other.decay_factor,
            extra_steps=self.extra_steps + other.extra_steps,
            batch_factor=self.batch_factor * other.batch_factor,
            weight_noise=self.weight_noise + other.weight_noise,
            target_noise=min(1.0, self.target_noise + other.target_noise),
            norm_cap=min(self.norm_cap, other.norm_cap),
            agreeing_gain=self.agreeing_gain * other.agreeing_gain,
            cautious=self.cautious or other.cautious,
            drop_worst=self.drop_worst + other.drop_worst,
            extra_batch_factor=self.extra_batch_factor * other.extra_batch_factor,
            forget_momentum=self.forget_momentum or other.forget_momentum,
            heal_alpha=1 - (1 - self.heal_alpha) * (1 - other.heal_alpha),
            restore_best=self.restore_best or other.restore_best,
            rollback=self.rollback or other.rollback,
            dials=tuple(sorted({*self.dials, *other.dials})),
        )

    @property
    def out_of_range(self) -> str:
        """The first lever that is outside its range: "lr_scale is -1.0, not 0 or more". An empty string where none is."""
        at_least_0 = ("lr_scale", "decay_factor", "extra_steps", "weight_noise", "target_noise", "drop_worst", "heal_alpha")
        above_0 = ("clip_factor", "batch_factor", "norm_cap", "extra_batch_factor")
        ranges = [(name, "0 or more", getattr(self, name) >= 0) for name in at_least_0]
        ranges += [(name, "more than 0", getattr(self, name) > 0) for name in above_0]
        ranges += [(name, "1 or less", getattr(self, name) <= 1) for name in ("target_noise", "norm_cap", "heal_alpha")]
        return next((f"{name} is {getattr(self, name)}, not {words}" for name, words, holds in ranges if not holds), "")

    @property
    def k_requested(self) -> float:
        """The multiple of the plain update that the levers claim to apply: the product of every scalar hook."""
        micro = sum(self.micro_scales) / len(self.micro_scales) if self.micro_scales else 1.0
        return self.update_scale * self.lr_scale * self.loss_scale * self.grad_scale * micro

    def levers(self) -> tuple[str, ...]:
        """Names of the levers that are not neutral, in the order above."""
        return tuple(f.name for f in fields(self) if f.name != "on_zero" and getattr(self, f.name) != f.default)


NEUTRAL = StepEffect()
