"""An expedition that a program has readied, on screen. The one place that reaches for the game's screens."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rolltrain_tui.runs.run import Run

if TYPE_CHECKING:
    from rolltrain_tui.tui.bridge import PlayableRun


def show(expedition: Run) -> int:
    """Play it in this terminal until the player leaves: the exit code. ValueError where there is no terminal."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise ValueError("the game needs a terminal; without one, call train instead of play")
    from rolltrain_tui.tui import play
    from rolltrain_tui.tui.launch import Launch

    launch = Launch(save=expedition.folder, runs=expedition.folder.parent)
    return play(launch, ProgramOutfitter(expedition, launch.runs))


class ProgramOutfitter:
    """Hands out the program's own expedition; all others are readied as ever."""

    def __init__(self, expedition: Run, runs: Path) -> None:
        from rolltrain_tui.tui.launch import Launch
        from rolltrain_tui.tui.outfitter import TorchOutfitter

        self._expedition = expedition
        self._others = TorchOutfitter(Launch(runs=runs))

    def preload(self) -> str:
        return self._others.preload()

    def begin(self, campaign: Path, overrides: Sequence[str]) -> "PlayableRun":
        return self._others.begin(campaign, overrides)

    def resume(self, save: Path, overrides: Sequence[str]) -> "PlayableRun":
        if save.resolve() == self._expedition.folder.resolve():
            return self._expedition
        return self._others.resume(save, overrides)

    def branch(self, run: Path, turn: int) -> "PlayableRun":
        return self._others.branch(run, turn)
