"""What an algorithm is to the learner: it makes lessons of played games, and losses of lessons."""

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor

from rolltrain_tui.modes.dungeon.choice import Choice
from rolltrain_tui.modes.dungeon.play import Played

Rows = Mapping[str, Tensor]
"""Lessons, column by column; one row a move."""
Told = dict[str, float]
"""Measurements by name; trl's names where it has one."""


class Algorithm(Protocol):
    """Shapes: N moves that were played, B moves of a minibatch, T tokens of an action."""

    @property
    def targets(self) -> tuple[str, ...]:
        """The columns that a move is learned towards; noise on the targets mixes them up."""
        ...

    @property
    def columns(self) -> Mapping[str, int]:
        """Of the lessons, with the number of dimensions of each."""
        ...

    @property
    def needs_reference(self) -> bool:
        """Whether the reference model is asked about every move."""
        ...

    def prepare(self, played: Played, reference: Tensor) -> tuple[Rows, Told]:
        """The lessons of these games. `reference` (N, T): the reference's log-probabilities; the player's own where it is not needed."""
        ...

    def losses(self, now: Choice, rows: Rows) -> tuple[Tensor, Told]:
        """Of each move of a minibatch, (B,)."""
        ...

    def stepped(self, told: Told, count: int) -> None:
        """After a minibatch of `count` moves, which told this."""
        ...
