"""The decision transformer (Chen et al., 2021): it imitates every move it has seen, told beforehand what the game was still going to earn.

In front of each text stands "return n", with n the return to come in tenths, to the nearest half. While it plays it is told a high one,
less what the game has gained so far: a return that no game could still earn is a word that it has never read.
"""

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from rolltrain_tui.modes.dungeon.algorithms.advantages import mean_over, returns_of
from rolltrain_tui.modes.dungeon.algorithms.algorithm import Algorithm, Rows, Told, means
from rolltrain_tui.modes.dungeon.games.play import COLUMNS, Played, rows_of
from rolltrain_tui.modes.dungeon.player.choice import Choice

HIGHEST, STEP = 40, 5
"""In tenths. Finer steps are learned apart from each other, and each from too few moves: won .09 with tenths, .24 with halves."""
WORDS = ("return", *map(str, range(HIGHEST + 1)))
"""What the vocabulary needs besides the words of the worlds."""
PLACE = 2
"""Place of n in a text: after <begin> and "return"."""


def told_as(value: float) -> int:
    """A return as n."""
    return min(max(STEP * round(10 * value / STEP), 0), HIGHEST)


@dataclass(frozen=True)
class Decision(Algorithm):
    target: float
    """The return that it is told while it plays, less what the game has gained so far."""
    gamma_step: float
    entropy: float
    numbers: tuple[int, ...]
    """The vocabulary's number of each n."""
    title = "a decision transformer"
    whole = True
    targets = ("action",)
    columns = COLUMNS

    @property
    def prefix(self) -> str:
        return f"return {told_as(self.target)}"

    def number(self, value: float) -> int:
        """The vocabulary's number of a return."""
        return self.numbers[told_as(value)]

    def weighed(self, *, entropy: float | None = None, value: float | None = None) -> Self:
        return self if entropy is None else replace(self, entropy=entropy)

    def prepare(self, played: Played, reference: Tensor) -> tuple[Rows, Told]:
        earned, rows = returns_of(played, self.gamma_step), rows_of(played)  # (N,)
        text = rows["text"].clone()
        text[:, PLACE] = torch.tensor([self.number(value) for value in earned.tolist()])
        return {**rows, "text": text}, {"decision/return": earned[played.move == 0].mean().item()}

    def losses(self, now: Choice, rows: Rows) -> tuple[Tensor, Told]:
        """-log pi - c_e H."""
        imitation, entropy = mean_over(-now.logprobs, rows["mask"]), mean_over(now.entropy, rows["mask"])
        return imitation - self.entropy * entropy, {"objective/entropy": entropy.detach().mean().item()} | means(policy=imitation)
