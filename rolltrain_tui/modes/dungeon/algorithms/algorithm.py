"""What an algorithm is to the learner: it makes lessons of played games, and losses of lessons.

Shapes: N moves that were played, B moves of a minibatch, T tokens of an action.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Self

from torch import Tensor

from rolltrain_tui.modes.dungeon.games.play import COLUMNS, Played
from rolltrain_tui.modes.dungeon.player.choice import Choice

Rows = Mapping[str, Tensor]
"""Lessons, column by column; one row a move."""
Told = dict[str, float]
"""Measurements by name; trl's names where it has one."""


class Algorithm(ABC):
    title: ClassVar[str]
    """As it stands in a sentence: "by PPO"."""
    columns: ClassVar[Mapping[str, int]] = COLUMNS
    """The columns of its lessons, with the number of dimensions of each."""
    targets: ClassVar[tuple[str, ...]]
    """The columns that a move is learned towards; noise on the targets mixes them up."""
    whole: ClassVar[bool] = False
    """Whether it needs games from their beginning to their end."""

    @property
    def group(self) -> int:
        """Games that are played in the same world."""
        return 1

    @property
    def prefix(self) -> str:
        """Words in front of every text."""
        return ""

    @property
    def needs_reference(self) -> bool:
        """Whether the reference model is asked about every move."""
        return False

    @property
    def reads_prompts(self) -> bool:
        """Whether it learns to foretell the words of the texts as well."""
        return False

    @abstractmethod
    def prepare(self, played: Played, reference: Tensor) -> tuple[Rows, Told]:
        """The lessons of these games. `reference` (N, T): the reference's log-probabilities; the player's own where it is not needed."""

    @abstractmethod
    def losses(self, now: Choice, rows: Rows) -> tuple[Tensor, Told]:
        """The loss of each move of a minibatch, (B,), and measurements."""

    @abstractmethod
    def weighed(self, *, entropy: float | None = None, value: float | None = None) -> Self:
        """The same with other weights in its loss; None: as they are. An algorithm without values takes no notice of theirs."""

    def stepped(self, told: Told, count: int) -> None:  # noqa: B027 - most have nothing that adapts
        """After a minibatch of `count` moves, which told this."""


def means(**losses: Tensor) -> Told:
    """The mean of each loss: loss/NAME_avg."""
    return {f"loss/{name}_avg": loss.detach().mean().item() for name, loss in losses.items()}
