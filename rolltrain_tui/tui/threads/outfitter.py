"""The outfitter readies expeditions: the one place of the screen side that reaches for training, always from the worker thread."""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.tui.launch import Launch

if TYPE_CHECKING:
    from rolltrain_tui.runs.playable import PlayableRun


class RunOpener(Protocol):
    """Opens runs. Every method is slow and is called outside the screen's thread."""

    def preload(self) -> str:
        """Import what training needs; a short line about it for the title screen."""

    def begin(self, campaign: Path, overrides: Sequence[str]) -> "PlayableRun":
        """A new run. ValueError says in words what is wrong with the campaign."""

    def resume(self, save: Path, overrides: Sequence[str]) -> "PlayableRun":
        """Go on from a save. ValueError says in words what is wrong with it."""

    def branch(self, run: Path, turn: int) -> "PlayableRun":
        """A new run that has lived another's first turns. ValueError says in words why it cannot."""


class TorchOutfitter:
    """Expeditions that train."""

    def __init__(self, launch: Launch) -> None:
        self._runs = launch.runs

    def preload(self) -> str:
        importlib.import_module("rolltrain_tui.tui.expedition.expedition")
        importlib.import_module("rolltrain_tui.runs.run")
        torch = importlib.import_module("torch")
        device = "cuda" if torch.cuda.is_available() else f"cpu, {counted(torch.get_num_threads(), 'thread')}"
        return f"torch {str(torch.__version__).split('+')[0]} · {device}"

    def begin(self, campaign: Path, overrides: Sequence[str]) -> "PlayableRun":
        from rolltrain_tui.modes import campaign_file
        from rolltrain_tui.runs import ghosts
        from rolltrain_tui.runs.run import Run

        config, base = campaign_file.load_with_base(campaign, overrides)
        return Run.begin(config, base=base.resolve(), runs=self._runs, ghost_files=ghosts.places(campaign))

    def resume(self, save: Path, overrides: Sequence[str]) -> "PlayableRun":
        from rolltrain_tui.runs.run import Run

        return Run.resume(save, tuple(overrides))

    def branch(self, run: Path, turn: int) -> "PlayableRun":
        from rolltrain_tui.runs.branching import branch_at
        from rolltrain_tui.runs.run import Run

        folder, note = branch_at(run, turn)
        branch = Run.resume(folder)
        branch.note = note or f"A branch of {run.name} after turn {turn}; both runs are kept."
        return branch
