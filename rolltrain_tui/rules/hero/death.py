"""Death saves: what a hero at 0 HP rolls each turn."""

from dataclasses import dataclass
from typing import Literal

DOWN_SCALE = 0.5
"""Update multiple while the hero is down: training goes on at half pace."""


@dataclass(slots=True)
class DeathSaves:
    """Three successes and the hero is up, three failures and the hero falls."""

    successes: int = 0
    failures: int = 0

    def roll(self, natural: int) -> Literal["", "up", "fallen"]:
        """Count one d20: 10 or more succeeds, a natural 20 is up at once, a natural 1 fails twice."""
        if natural == 20:
            return "up"
        if natural >= 10:
            self.successes += 1
        else:
            self.failures += 2 if natural == 1 else 1
        if self.failures >= 3:
            return "fallen"
        return "up" if self.successes >= 3 else ""

    def forget(self) -> None:
        self.successes = self.failures = 0
