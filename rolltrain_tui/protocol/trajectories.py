"""Rows that a learner tells of its training beside the events: moves of games, each as JSON values."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

Row = Mapping[str, Any]
"""`turn`: how many turns were taken before it; what else it holds is the learner's."""


@runtime_checkable
class TellsTrajectories(Protocol):
    """A learner that may have such rows."""

    @property
    def trajectory_bytes(self) -> int:
        """How much of them is to be kept in the run's folder, at most; 0: none."""
        ...

    def told_moves(self) -> Sequence[Row]:
        """What is new since they were asked for last."""
        ...
