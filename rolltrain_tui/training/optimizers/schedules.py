"""Where a learner stands on its way, and the learning rate there; and the optimiser of a campaign."""

import math
from abc import ABC, abstractmethod
from typing import Any, Protocol

import torch
from torch import nn
from torch.optim import Optimizer

from rolltrain_tui.config.training_sections import OptimizerConfig, ScheduleConfig
from rolltrain_tui.training.machine.late_compiler import load_compiler_late
from rolltrain_tui.training.optimizers.lean_step import serve
from rolltrain_tui.training.tensors.shards import is_shard


class Position(Protocol):
    """The place of a run in its schedule: JSON values that a snapshot keeps beside weights and moments, and can return to."""

    def place(self) -> Any: ...

    def knows(self, place: Any) -> bool:
        """True where `place` is one of this schedule's."""

    def return_to(self, place: Any) -> None: ...


class Schedule(Position, Protocol):
    """The learning rate of every turn. It may count in turns or in epochs."""

    turn: int
    """Turns taken, counting from the last rollback's."""

    def set_rate(self) -> float:
        """Give the optimiser the learning rate of the coming turn. Returns that of the first group."""

    def advance(self) -> None:
        """One turn has been taken."""


class ByTurns(ABC):
    """One learning rate for every group, as a function of turns taken, counting from the last rollback's."""

    factor = 1.0
    """Multiplies every rate; the player sets it."""

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer, self.turn = optimizer, 0

    @abstractmethod
    def rate(self, turn: int) -> float:
        """The learning rate of turn 0, 1, ..., without the factor."""

    def set_rate(self) -> float:
        """Give every group of the optimiser the learning rate of the coming turn."""
        lr = self.factor * self.rate(self.turn)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        return lr

    def advance(self) -> None:
        self.turn += 1

    def place(self) -> int:
        return self.turn

    def knows(self, place: Any) -> bool:
        return isinstance(place, int) and place >= 0

    def return_to(self, place: Any) -> None:
        self.turn = place


class TurnSchedule(ByTurns):
    """A campaign's section `schedule`."""

    def __init__(self, optimizer: Optimizer, turns: int, peak: float, config: ScheduleConfig) -> None:
        super().__init__(optimizer)
        self.turns, self.peak, self.config = turns, peak, config

    def rate(self, turn: int) -> float:
        return learning_rate(turn, self.turns, self.peak, self.config)


def learning_rate(turn: int, turns: int, peak: float, schedule: ScheduleConfig) -> float:
    """The rate of turn 0, 1, ...: a straight line up to the peak at turn warmup_turns - 1, then constant, or half a cosine down.

    The cosine ends at final_fraction of the peak, on the last of `turns`.
    """
    if turn < schedule.warmup_turns:
        return peak * (turn + 1) / schedule.warmup_turns
    if schedule.decay == "constant":
        return peak
    # From 0 at the end of the warm-up to 1 at the last turn; extra turns stay there
    way = min(1.0, (turn - schedule.warmup_turns) / max(1, turns - 1 - schedule.warmup_turns))
    return peak * (schedule.final_fraction + (1 - schedule.final_fraction) * 0.5 * (1 + math.cos(math.pi * way)))


def build_optimizer(model: nn.Module, config: OptimizerConfig) -> Optimizer:
    """AdamW or SGD, with weight decay on matrices and embeddings and none on biases and norms.

    Fused: one call for all parameters; measured on a CPU at a third of the time of the default AdamW.
    """
    load_compiler_late()

    # As usual since GPT-2: decay pulls towards zero, which is no natural value for the gain of a norm
    learning = [p for p in model.parameters() if p.requires_grad]
    matrices = [p for p in learning if p.dim() >= 2]
    vectors = [p for p in learning if p.dim() < 2]
    groups: list[dict[str, Any]] = [
        {"params": matrices, "weight_decay": config.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    if config.name == "sgd":
        fused = not any(map(is_shard, learning))  # PyTorch 2.13 has no fused SGD for shards
        return torch.optim.SGD(groups, lr=config.learning_rate, momentum=config.beta1, fused=fused)
    adamw = torch.optim.AdamW(groups, lr=config.learning_rate, betas=(config.beta1, config.beta2), eps=config.eps, fused=True)
    serve(adamw)
    return adamw
