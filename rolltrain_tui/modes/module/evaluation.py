"""The mean loss over the examples of a loader. There is one way to compute it, for runs and for `RollToTrain.evaluate`."""

import contextlib
import math
import warnings
from collections.abc import Iterable
from typing import Any

from torch import nn

from rolltrain_tui.base.statistics import square, total
from rolltrain_tui.modes.module.batches import NO_VALIDATION, LoaderError, each, length_of, own_batch
from rolltrain_tui.modes.module.criterion import Criterion, SkippedBatchError
from rolltrain_tui.protocol.learner import Evaluation
from rolltrain_tui.training.tensors.any_batch import examples_in

MANY, MOST = 1000, 100_000
SO_FAR = "the validation data loader tells no length and has given {:,} batches so far; each evaluation reads it to its end. "
ENDLESS = SO_FAR.format(MANY) + "If it has none, give a list of some of its batches"
"""Said once, for who waits. After MOST batches it is taken to have no end."""


def evaluate_on(criterion: Criterion, model: nn.Module, loader: Iterable[Any], seed: int, count: int) -> Evaluation:
    """On the first `count` examples, or batches where only the mean of a batch is known: then each weighs as many as its examples.

    The model is at rest already. It gets copies of the batches, since it may change them in place. `gflop` is the number of batches.
    LoaderError for an empty loader, and for one without a length that has not ended after MOST batches.
    """
    losses: list[float] = []
    weights: list[float] = []
    batches = 0
    for raw in each(loader, seed):
        with contextlib.suppress(SkippedBatchError):
            own = criterion.examples(model, criterion.ready(own_batch(raw)))
            if own is not None:
                losses += own.float().tolist()
                weights += [1.0] * (len(losses) - len(weights))
            else:
                batch = criterion.ready(own_batch(raw))
                losses.append(criterion(model, batch)[0].item())
                weights.append(examples_in(batch) or 1.0)
        batches += 1
        if batches == MANY and length_of(loader) is None:
            warnings.warn(ENDLESS, stacklevel=2)
        if batches == MOST and length_of(loader) is None and len(losses) < count:
            raise LoaderError(f"{SO_FAR.format(MOST)}It seems to have none: give a list of some of its batches")
        if len(losses) >= count:
            break
    if not losses:
        raise LoaderError(NO_VALIDATION)
    losses, weights = losses[:count], weights[:count]
    n, whole = len(losses), math.fsum(weights)
    mean = total(w * x for w, x in zip(weights, losses, strict=True)) / whole
    spread = total(square(w * (x - mean)) for w, x in zip(weights, losses, strict=True))
    error = math.sqrt(spread * n / (n - 1)) / whole if n > 1 else math.inf
    return Evaluation(value=mean, standard_error=error, count=n, gflop=batches, values=tuple(losses))
