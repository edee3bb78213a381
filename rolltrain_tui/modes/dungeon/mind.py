"""A trained player at a race: it gives each command its probability."""

from collections.abc import Sequence

from rolltrain_tui.modes.dungeon.play import Look, Reading
from rolltrain_tui.modes.dungeon.worlds.protocol import Observation, World


class PlayerMind:
    """It follows `rival.Mind`. `name`: as the race calls it."""

    def __init__(self, name: str, reading: Reading, look: Look) -> None:
        self.name, self._reading, self._look = name, reading, look

    def probabilities(self, world: World, seen: Observation) -> Sequence[float]:
        logits = self._look(self._reading.offers([seen])).logits[0]
        return [float(share) for share in logits.double().softmax(dim=0)]
