"""The learning rate of every turn, as `qlearning.scheduled` gives it."""

from typing import Any

from torch.optim import Optimizer

from rolltrain_tui.modes.duel.config import DecayConfig
from rolltrain_tui.modes.duel.qlearning import scheduled


class DecaySchedule:
    """Advances every turn, counting from the last rollback's."""

    def __init__(self, optimizer: Optimizer, initial: float, decay: DecayConfig) -> None:
        self.optimizer, self.initial, self.decay = optimizer, initial, decay
        self.turn = 0
        self.factor = 1.0
        """On every rate, by the player's order."""

    def rate(self, turn: int) -> float:
        """Of a turn, without the factor."""
        return scheduled(self.decay.mode, self.initial, self.decay.rate, self.decay.final, turn)

    def set_rate(self) -> float:
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
