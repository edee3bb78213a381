"""The whole experiment: read the stored cells, run the others, store each result, write the report."""

import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.plotting import NoPlotsError
from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.experiment import cell_store, plots, report, robustness, table
from rolltrain_tui.experiment.grid import Cell, seeds_of
from rolltrain_tui.experiment.run import Outcome, Result

Execute = Callable[[Sequence[Cell]], Iterator[tuple[Cell, Outcome]]]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The results so far."""

    outcomes: table.Outcomes
    missing: int
    """Cells without a result, because the experiment was stopped."""

    def text(self, columns: int = sys.maxsize) -> str:
        """All tables as plain text. Where `columns` are too few for the first, it leaves what the heroes did to the report."""
        head, arms = table.head(self.outcomes), list(map(table.cells_of, table.rows(self.outcomes)))
        parts = [table.aligned(head, arms)]
        if max(map(len, parts[0].splitlines())) > columns:
            parts = [table.aligned(table.without_game(head), map(table.without_game, arms))]
            parts.append("Deaths, levels, uses and foes: see report.md.")
        if lines := [table.cells_of_contrast(row) for row in table.contrasts(self.outcomes)]:
            parts.append(table.aligned(table.CONTRAST_HEAD, lines, words=3))
        if found := robustness.answers(self.outcomes):
            parts.append(table.aligned(robustness.HEAD, map(robustness.cells_of, found), words=2))
            parts.append("\n".join(robustness.summary(found, question) for question in robustness.TITLES))
        reading = report.reading(len(seeds_of(self.outcomes.cells)), len(self.outcomes.arms) - 1)
        parts.append(textwrap.fill(reading, columns))
        return "\n\n".join(parts)


def sweep(cells: Sequence[Cell], folder: Path, execute: Execute, tell: Tell) -> Comparison:
    """Run the cells that are not stored in `folder`, and store each result at once. Failed cells are not stored."""
    cell_store.make(folder)
    outcomes: dict[Cell, Outcome] = {cell: found for cell in cells if (found := cell_store.read(folder, cell)) is not None}
    if outcomes:
        verb = "was" if len(outcomes) == 1 else "were"
        tell(f"{len(outcomes)} of {counted(len(cells), 'run')} {verb} finished before, and taken from {folder}.")
    for cell, outcome in execute([cell for cell in cells if cell not in outcomes]):
        outcomes[cell] = outcome
        if isinstance(outcome, Result):
            cell_store.write(folder, cell, outcome)
        tell(f"{len(outcomes)}/{len(cells)} {cell.label}: {_result_words(outcome)}")
    return Comparison(table.Outcomes(cells, outcomes), len(cells) - len(outcomes))


def _result_words(outcome: Outcome) -> str:
    return table.number(outcome.value, 4) if isinstance(outcome, Result) else f"failed: {one_line(outcome.error, 160)}"


def write(comparison: Comparison, config: CampaignConfig, folder: Path, command: str, tell: Tell) -> list[str]:
    """Write results.csv, the pictures and report.md; answers with their names. ExperimentError where the folder cannot be made."""
    cell_store.make(folder)
    files = {"results.csv": report.as_csv(comparison.outcomes).encode()}
    try:
        files |= plots.draw(comparison.outcomes)
    except NoPlotsError as error:
        tell(str(error))
    pictures = [name for name in files if name.endswith(".png")]
    files["report.md"] = report.as_markdown(config, comparison.outcomes, pictures, command).encode()
    for name, content in files.items():
        atomic_files.replace(folder / name, content)
    return list(files)
