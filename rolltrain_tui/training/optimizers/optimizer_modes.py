"""Optimisers with a training and an evaluation mode: schedule-free ones keep other weights in each, and step in training mode only.

To change the mode and back rounds the weights. So a visit to the other mode puts them back to the last bit.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.optim import Optimizer

from rolltrain_tui.training.optimizers.optimizer_state import parameters_of

MODE = "train_mode"
"""Where such optimisers keep their mode, in each group."""


def has_modes(optimizer: Optimizer) -> bool:
    return callable(getattr(optimizer, "train", None)) and callable(getattr(optimizer, "eval", None))


def to_training_mode(optimizer: Optimizer) -> None:
    if has_modes(optimizer):
        optimizer.train()  # type: ignore[attr-defined]


@contextmanager
def in_training_mode(optimizer: Optimizer) -> Iterator[None]:
    """Inside, the optimiser is in training mode."""
    if has_modes(optimizer) and not all(group.get(MODE, True) for group in optimizer.param_groups):
        with _visit(optimizer, training=True):
            yield
    else:
        yield


@contextmanager
def in_evaluation_mode(optimizer: Optimizer) -> Iterator[None]:
    """Inside, the weights are those for evaluation. Before the first step there is one kind, and some optimisers cannot change mode yet."""
    if has_modes(optimizer) and optimizer.state and all(group.get(MODE, True) for group in optimizer.param_groups):
        with _visit(optimizer, training=False):
            yield
    else:
        yield


@contextmanager
def _visit(optimizer: Optimizer, *, training: bool) -> Iterator[None]:
    held = parameters_of(optimizer)
    before = [p.detach().clone() for p in held]
    go, back = (optimizer.train, optimizer.eval) if training else (optimizer.eval, optimizer.train)  # type: ignore[attr-defined]
    go()
    try:
        yield
    finally:
        back()
        with torch.no_grad():
            for p, own in zip(held, before, strict=True):
                p.copy_(own)
