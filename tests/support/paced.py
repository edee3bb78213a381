"""A learner without torch whose best step is known."""

import copy
from dataclasses import replace
from typing import Self

from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.learner import Evaluation, StepReport
from support.scripted import ScriptedLearner


class Paced(ScriptedLearner):
    """Learns best with steps `best` times its own: then each turn takes 2 % of the loss above 1 nat away. From twice that it gets worse."""

    def __init__(self, best: float = 1.0) -> None:
        super().__init__()
        self.best = best

    def step(self, effect: StepEffect) -> StepReport:
        before, report = self.excess, super().step(effect)
        of_best = effect.k_requested / self.best
        self.excess = before * (1 - 0.02 * of_best * (2 - of_best))
        return report

    def evaluate(self, sequences: int) -> Evaluation:
        values = tuple(1 + self.excess * (0.9 + 0.2 * number / sequences) for number in range(sequences))
        return replace(super().evaluate(sequences), values=values)

    def fork(self) -> Self:
        return copy.deepcopy(self)

    def follow(self, leader: Self) -> None:
        """It has no streams of its own."""
