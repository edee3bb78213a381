"""Levers on large models: a factor on the update costs almost nothing, and is measured on a sample of the weights.

Where each coordinate moves by itself, in proportion to the learning rate, theta + k (theta_new - theta) is the step with learning rate x k
(see `sampled_update`). Passes over all weights, to keep the old ones and to measure, would cost several per cent of a step.
"""

from collections.abc import Iterable

from torch import Tensor
from torch.optim import Optimizer

from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.training.levers.levers import Levers, StepMeasurement
from rolltrain_tui.training.levers.masks import masks
from rolltrain_tui.training.levers.sampled_update import SampledUpdate
from rolltrain_tui.training.machine.ranks import ALONE, Ranks

LARGE = 4_000_000
"""Weights from which on the sample is cheaper.

Measured on one CPU core, AdamW, GPT-2's shape, processor time of a measured step over a plain one, with all weights and with a sample:
0.1 million weights +0.4 and +6.6 ms, 0.9 million +2.8 and +9.5 ms, 6 million +19 and +13 ms, where a turn takes 50, 150 and 930 ms.
"""


class SampledLevers(Levers):
    """Masks, caps, and steps backwards still read every weight, and so does an optimiser that `SampledUpdate` does not serve."""

    def __init__(self, optimizer: Optimizer, parameters: Iterable[Tensor], *, clip: float | None = None, ranks: Ranks = ALONE) -> None:
        super().__init__(optimizer, parameters, clip=clip, ranks=ranks)
        self._sample = SampledUpdate.of(optimizer)

    def _scaled_update(self, effect: StepEffect, norm: Tensor) -> StepMeasurement:
        if self._sample is None or effect.update_scale < 0 or masks(effect) or self.norms is not None:
            return super()._scaled_update(effect, norm)
        self._sample.remember()
        clipped_norm = self._optimizer_step(effect, norm, lr_scale=effect.update_scale)
        with self._settings(1.0, effect.decay_factor):
            proposed, applied, dot = self._sample.products()
        return StepMeasurement(
            grad_norm=norm.item(),
            clipped_norm=clipped_norm,
            measured=True,
            proposed_squared=proposed,
            applied_squared=applied,
            applied_dot_proposed=dot,
        )
