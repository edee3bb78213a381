"""The learning rate of every turn."""

from torch.optim import Optimizer

from rolltrain_tui.modes.duel.config import DecayConfig
from rolltrain_tui.training.optimizers.schedules import ByTurns


class DecaySchedule(ByTurns):
    """A duel's section `decay`."""

    def __init__(self, optimizer: Optimizer, initial: float, decay: DecayConfig) -> None:
        super().__init__(optimizer)
        self.initial, self.decay = initial, decay

    def rate(self, turn: int) -> float:
        return self.decay.value(self.initial, turn)
