"""What libraries wrap around models and optimisers, taken off in one place."""

import sys
from typing import Any

from torch import nn
from torch.optim import Optimizer

INNER = ("_orig_mod", "module")
"""Attributes under which wrappers keep the model: torch.compile's; those of DistributedDataParallel, DataParallel, FSDP and DeepSpeed."""
WRAPPERS = ("OptimizedModule", "DistributedDataParallel", "DataParallel", "FullyShardedDataParallel", "DeepSpeedEngine")


def inner_name(module: nn.Module) -> str | None:
    """The attribute under which a wrapper keeps what it wraps; None where the module is no wrapper."""
    if not any(kind.__name__ in WRAPPERS for kind in type(module).__mro__):
        return None
    return next((name for name in INNER if isinstance(getattr(module, name, None), nn.Module)), None)


def plain_model(model: Any) -> Any:
    """The model inside wrappers such as DistributedDataParallel's or torch.compile's. A value that is no module is returned unchanged."""
    while isinstance(model, nn.Module) and (name := inner_name(model)) is not None:
        model = getattr(model, name)
    return model


def plain_optimizer(optimizer: Any) -> Any:
    """The optimiser inside accelerate's or Lightning's wrapper. One that never called Optimizer.__init__ gets the missing hook tables."""
    while type(optimizer).__name__ in ("AcceleratedOptimizer", "LightningOptimizer"):
        optimizer = optimizer.optimizer
    if isinstance(optimizer, Optimizer) and not hasattr(optimizer, "_optimizer_step_pre_hooks"):
        Optimizer.__setstate__(optimizer, {"defaults": getattr(optimizer, "defaults", {})})
    return optimizer


def plain_scheduler(scheduler: Any) -> Any:
    """The learning-rate scheduler inside accelerate's wrapper."""
    while type(scheduler).__name__ == "AcceleratedScheduler":
        scheduler = scheduler.scheduler
    return scheduler


def accumulating() -> bool:
    """Whether accelerate's accumulate() is at a micro-batch after which its optimiser takes no step."""
    state = sys.modules.get("accelerate.state")
    shared = getattr(getattr(state, "GradientState", None), "_shared_state", None) or {}
    return not shared.get("sync_gradients", True)
