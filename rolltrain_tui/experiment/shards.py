"""An experiment in parts: each of n processes runs every n-th cell, on any machine, and the parts are put together afterwards.

For arrays of a cluster's queue and for CI. Every part writes what the whole experiment is beside its cells, so that merging needs the
folders alone. A cell is known by its hash, so the merged experiment equals one that ran in one piece, digit by digit.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.json_records import parse_json
from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.experiment import cell_store
from rolltrain_tui.experiment.grid import Arm, Cell, ExperimentError, arms_of, cells_of, seeds_of
from rolltrain_tui.experiment.run import Outcome
from rolltrain_tui.modes import campaign_file

EXPERIMENT = "experiment.json"
FORMAT = 1
NAMED = 5
"""Cells that a message names."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `index` of `count`, from 1."""

    index: int
    count: int

    @classmethod
    def of(cls, words: str) -> Self:
        """Read "3/16". ExperimentError."""
        match = re.fullmatch(r"\s*(\d{1,6})\s*/\s*(\d{1,6})\s*", words, re.ASCII)
        if match is None or not 1 <= (index := int(match[1])) <= (count := int(match[2])):
            raise ExperimentError(f"--shard {one_line(words, 40)!r} is no part: write I/N with I from 1 to N, such as 1/4 to 4/4.")
        return cls(index, count)

    def part(self, cells: Sequence[Cell]) -> tuple[Cell, ...]:
        """Every n-th cell, so that each part has cells of many arms and takes about as long."""
        return tuple(cells[self.index - 1 :: self.count])


class DamagedError(ExperimentError):
    """What a folder says about its experiment cannot be read; running its part again writes it anew."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """What an experiment is: everything that its cells follow from, and the command that began it."""

    campaign: str
    """The campaign as JSON."""
    arms: tuple[Arm, ...]
    seeds: tuple[int, ...]
    probes: bool
    data_sha256: str
    command: str = ""

    @classmethod
    def of(cls, config: CampaignConfig, cells: Sequence[Cell], command: str) -> Self:
        first = cells[0]
        return cls(config.model_dump_json(), arms_of(cells), seeds_of(cells), first.probes, first.data_sha256, command)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """What the folder holds a part of; None where it holds none. ExperimentError for a page that cannot be read."""
        path = folder / EXPERIMENT
        try:
            page = parse_json(atomic_files.content_of(path))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise DamagedError(f"{path} cannot be read ({error}); run the part in {folder} again.") from None
        match page:
            case {"format": int(made)} if made > FORMAT:
                raise ExperimentError(f"{path} was written by a newer rolltrain (format {made}); merge with that one.")
            case {"campaign": str(campaign), "arms": [*arms], "seeds": [*seeds], "probes": bool(probes), "data_sha256": str(text)}:
                try:
                    known = tuple(Arm(*map(str, arm)) for arm in arms)
                    return cls(campaign, known, tuple(map(int, seeds)), probes, text, str(page.get("command", "")))
                except (TypeError, ValueError):
                    pass
        raise DamagedError(f"{path} does not describe an experiment; run the part in {folder} again.")

    def write(self, folder: Path) -> None:
        """Lay it beside the cells, also in place of a damaged one. ExperimentError where the folder holds part of another experiment."""
        try:
            known = Experiment.read(folder)
        except DamagedError:
            known = None  # cells of another experiment are found by `merged`
        if known is not None and known.identity != self.identity:
            raise ExperimentError(f"{folder} holds part of another experiment ({known.words}); name another folder with --out.")
        cell_store.make(folder)
        page: dict[str, Any] = {"format": FORMAT, **asdict(self), "arms": [list(asdict(arm).values()) for arm in self.arms]}
        atomic_files.replace(folder / EXPERIMENT, json.dumps(page, indent=1).encode() + b"\n")

    @property
    def identity(self) -> tuple[object, ...]:
        """Two that are the same have the same cells."""
        return self.campaign, self.arms, self.seeds, self.probes, self.data_sha256

    @property
    def words(self) -> str:
        return f"{one_line(self.config().name, 40)}, {counted(len(self.arms), 'arm')} on {counted(len(self.seeds), 'seed')}"

    def config(self) -> CampaignConfig:
        """ExperimentError where this rolltrain cannot read the campaign."""
        try:
            return campaign_file.of_json(self.campaign)
        except ValueError as error:
            raise ExperimentError(f"the experiment's campaign cannot be read by this rolltrain: {one_line(str(error), 200)}") from None

    def cells(self, base: Path) -> tuple[Cell, ...]:
        """All of them, in the order of the grid."""
        return cells_of(self.config(), self.arms, self.seeds, base=base, data_sha256=self.data_sha256, probes=self.probes)


def merged(folder: Path) -> tuple[Experiment, tuple[Cell, ...], dict[Cell, Outcome]]:
    """The experiment whose parts lie in `folder` and in the folders in it: all its cells, and the outcomes that are there.

    ExperimentError where there is none, where parts are of different experiments, and for cells that belong to none of it.
    """
    parts = [(place, found) for place in _places(folder) if (found := Experiment.read(place)) is not None]
    if not parts:
        remedy = "`rolltrain compare CAMPAIGN --shard 1/4 --out DIR` makes one"
        raise ExperimentError(f"There is no part of an experiment in {folder}; {remedy}.")
    whole = parts[0][1]
    if others := [f"{place} ({found.words})" for place, found in parts if found.identity != whole.identity]:
        raise ExperimentError(f"{parts[0][0]} ({whole.words}) and these are parts of different experiments: {_some(others)}.")
    cells = whole.cells(folder)
    places = [place for place, _ in parts]
    if strangers := [str(path) for place in places for path in _strangers(place, cells)]:
        raise ExperimentError(f"These cells belong to another experiment or another version: {_some(strangers)}. Take them out.")
    outcomes: dict[Cell, Outcome] = {
        cell: result for cell in cells for place in places if (result := cell_store.read(place, cell)) is not None
    }
    return whole, cells, outcomes


def _places(folder: Path) -> Iterator[Path]:
    """The folder and those in it."""
    try:
        yield from (folder, *sorted(path for path in folder.iterdir() if path.is_dir()))
    except OSError as error:
        raise ExperimentError(f"{folder} cannot be read ({error.strerror}).") from None


def _strangers(folder: Path, cells: Sequence[Cell]) -> list[Path]:
    """Files of cells that are not of this experiment."""
    known = {cell_store.path_of(folder, cell) for cell in cells}
    return sorted(set((folder / cell_store.CELLS).glob("*.json")) - known)


def _some(names: Sequence[str]) -> str:
    rest = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f", and {rest} more" if rest > 0 else "")
