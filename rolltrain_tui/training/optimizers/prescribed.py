"""What a campaign prescribes for the training of a model: optimiser, schedule, clip and dtype, by its sections of these names."""

from typing import Protocol, TypedDict

import torch
from torch import nn
from torch.optim import Optimizer

from rolltrain_tui.config.training_sections import DeviceConfig, OptimizerConfig, ScheduleConfig
from rolltrain_tui.training.machine.machine import pick_dtype
from rolltrain_tui.training.optimizers.schedules import Schedule, TurnSchedule, build_optimizer


class Prescribing(Protocol):
    """A campaign with these sections."""

    @property
    def turns(self) -> int: ...

    @property
    def optimizer(self) -> OptimizerConfig: ...

    @property
    def schedule(self) -> ScheduleConfig: ...

    @property
    def device(self) -> DeviceConfig: ...


class Prescribed(TypedDict):
    """Arguments of `LeveredLearner`."""

    optimizer: Optimizer
    schedule: Schedule
    clip: float | None
    dtype: torch.dtype


def prescribed(model: nn.Module, config: Prescribing) -> Prescribed:
    """The training of this model. ValueError where the machine does not have the dtype."""
    optimizer = build_optimizer(model, config.optimizer)
    schedule = TurnSchedule(optimizer, config.turns, config.optimizer.learning_rate, config.schedule)
    return {"optimizer": optimizer, "schedule": schedule, "clip": config.optimizer.clip, "dtype": pick_dtype(config.device.dtype)}
