"""The learning rate of every turn, as `qlearning.scheduled` gives it."""

from torch.optim import Optimizer

from rolltrain_tui.modes.duel.config import DecayConfig
from rolltrain_tui.modes.duel.qlearning import scheduled
from rolltrain_tui.training.schedules import ByTurns


class DecaySchedule(ByTurns):
    """A duel's section `decay`."""

    def __init__(self, optimizer: Optimizer, initial: float, decay: DecayConfig) -> None:
        super().__init__(optimizer)
        self.initial, self.decay = initial, decay

    def rate(self, turn: int) -> float:
        return scheduled(self.decay.mode, self.initial, self.decay.rate, self.decay.final, turn)
