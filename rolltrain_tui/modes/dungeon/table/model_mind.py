"""A trained model as a rival: it reads what the player reads, and gives each command its probability."""

import copy
from collections.abc import Sequence

import torch

from rolltrain_tui.modes.dungeon.learner import DungeonLearner
from rolltrain_tui.modes.dungeon.worlds.protocol import Observation, World


class ModelMind:
    """A copy of a learner's player, on the CPU: training may go on."""

    def __init__(self, learner: DungeonLearner, when: str) -> None:
        """`when`: such as "turn 120"."""
        self.name = f"the model of {when}"
        self._reading = learner.reading
        self._temperature = learner.temperature
        self._player = copy.deepcopy(learner.player).to("cpu").eval().requires_grad_(False)

    def probabilities(self, world: World, seen: Observation) -> Sequence[float]:
        """The policy. A model whose numbers have burst takes every command alike."""
        with torch.no_grad():
            logits = self._player(self._reading.rated([seen]), self._temperature).logits[0]
        chances: list[float] = logits.double().exp()[: len(seen.admissible)].tolist()
        total = sum(chances)
        if not 0.5 < total < 2:
            return [1 / len(chances)] * len(chances)
        return [chance / total for chance in chances]
