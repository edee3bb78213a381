"""What the experiment's tests share: a tiny campaign, its cells, and a way to run them in this process."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.experiment.grid import Cell, grid
from rolltrain_tui.experiment.run import Outcome, run_cell


@pytest.fixture
def tiny_grid(tiny_config: Callable[..., CampaignConfig]) -> Callable[..., tuple[Cell, ...]]:
    """Cells of a campaign of a dozen small turns; arguments as for `grid`."""

    def make(*overrides: str, **given: object) -> tuple[Cell, ...]:
        chosen = {"classes": "wizard", "rulebooks": "hero", "policies": "random", "seeds": 2, **given}
        return grid(tiny_config(*overrides), Path.cwd(), **chosen)  # type: ignore[arg-type]

    return make


@pytest.fixture
def here() -> Callable[[Sequence[Cell]], Iterator[tuple[Cell, Outcome]]]:
    """Run cells one after the other in this process."""
    return lambda cells: ((cell, run_cell(cell)) for cell in cells)
