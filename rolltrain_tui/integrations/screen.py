"""A program's own run on screen. Only this module of the integrations imports the screens."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rolltrain_tui.runs.run import Run

if TYPE_CHECKING:
    from rolltrain_tui.runs.playable import PlayableRun


def show(run: Run) -> int:
    """Play the run in this terminal until the player leaves: the exit code. ValueError where there is no terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ValueError("the game needs a terminal; without one, call train instead of play")
    from rolltrain_tui.tui import play
    from rolltrain_tui.tui.launch import Launch

    launch = Launch(save=run.folder, runs=run.folder.parent)
    return play(launch, ProgramOutfitter(run, launch.runs))


class ProgramOutfitter:
    """Gives the program's own run; all other runs are opened as usual."""

    def __init__(self, run: Run, runs: Path) -> None:
        from rolltrain_tui.tui.launch import Launch
        from rolltrain_tui.tui.threads.outfitter import TorchOutfitter

        self._run = run
        self._others = TorchOutfitter(Launch(runs=runs))

    def preload(self) -> str:
        return self._others.preload()

    def begin(self, campaign: Path, overrides: Sequence[str]) -> "PlayableRun":
        return self._others.begin(campaign, overrides)

    def resume(self, save: Path, overrides: Sequence[str]) -> "PlayableRun":
        if save.resolve() == self._run.folder.resolve():
            return self._run
        return self._others.resume(save, overrides)

    def branch(self, run: Path, turn: int) -> "PlayableRun":
        return self._others.branch(run, turn)
