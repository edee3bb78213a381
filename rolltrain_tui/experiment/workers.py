"""Cells as jobs of an executor."""

from collections.abc import Iterator, Sequence

from rolltrain_tui.base.jobs import Died, Executor, Stopped
from rolltrain_tui.experiment.grid import Cell
from rolltrain_tui.experiment.run import Failure, Outcome, run_cell


def run_side_by_side(cells: Sequence[Cell], execute: Executor, stopped: Stopped) -> Iterator[tuple[Cell, Outcome]]:
    """Yield each cell with its outcome in the order of finishing. Stops early when `stopped` answers True; running cells are then lost."""
    for cell, found in execute(run_cell, cells, stopped):
        yield cell, Failure(found.why) if isinstance(found, Died) else found
