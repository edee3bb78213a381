"""The processes that train one model together, as a learner sees them. One process alone is the usual case, and pays nothing.

Every rank holds the same game, the same random streams and the same place in the data. A batch is dealt by position: each rank reads its
own rows of it, and the shares of the gradient are added up. So any number of ranks reads the same batches, and takes the same steps but
for the rounding of sums.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rolltrain_tui.protocol.learner import StepReport

if TYPE_CHECKING:
    from torch import Tensor, nn

MEASURED = ("loss", "grad_norm", "proposed_norm", "applied_norm", "k_effective", "weight_norm")
"""Numbers of a report that are sums over all weights, or over a batch."""


class Ranks:
    """A single process. `cluster.gang.Gang` stands for several."""

    rank = 0
    size = 1
    """How many there are."""
    local = 1
    """How many of them share this machine's cores."""
    shards = False
    """Whether each of them holds a part of the weights only (FSDP2)."""

    @property
    def first(self) -> bool:
        """Whether this process writes the files and talks."""
        return self.rank == 0

    def mean(self, number: float) -> float:
        """The mean of one number from each rank."""
        return number

    def share(self, rows: int) -> slice:
        """This rank's share of `rows` rows. Shares differ by one row at most, and may be empty."""
        return slice(rows * self.rank // self.size, rows * (self.rank + 1) // self.size)

    def add(self, tensor: "Tensor") -> "Tensor":
        """The sum over all ranks, in place and returned; the same bits on every rank."""
        return tensor

    def of_first(self, numbers: Sequence[float]) -> list[float]:
        """The first rank's numbers, on every rank: unlike machines round differently, and the rules must be the same on all."""
        return list(numbers)

    def agree_on(self, report: StepReport) -> StepReport:
        """The first rank's report, on every rank."""
        if self.size == 1:
            return report
        numbers = {name: value for name in MEASURED if (value := getattr(report, name)) is not None}
        levers = report.measured
        told = self.of_first([*numbers.values(), *levers.values()])
        first = dict(zip(numbers, told, strict=False))
        return replace(report, **first, measured=dict(zip(levers, told[len(numbers) :], strict=True)))  # type: ignore[arg-type]

    def whole(self, part: "Tensor", rows: int) -> "Tensor":
        """All rows, on every rank, from each one's share: (share,) -> (rows,)."""
        if self.size == 1:
            return part
        full = part.new_zeros(rows)
        full[self.share(rows)] = part
        return self.add(full)

    def cut(self, model: "nn.Module", parts: "Iterable[nn.Module]") -> None:
        """Leave each rank a part of the weights, where `shards` says so. `parts` are gathered one by one in a forward pass."""


ALONE = Ranks()
_ours = ALONE


def ours() -> Ranks:
    """The ranks that this process trains with."""
    return _ours


def train_with(ranks: Ranks) -> None:
    """From here on, learners that are built train with these ranks. A process is one rank, as it has one main thread."""
    global _ours
    _ours = ranks
