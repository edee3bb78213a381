"""The game on the first of several ranks: it draws and trains as usual, and the others play along.

torchrun starts each rank in a session of its own, so the terminal sends this one neither its new size nor Ctrl+Z.
"""

import asyncio
import contextvars
import os
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.threads.outfitter import TorchOutfitter

if TYPE_CHECKING:
    from rolltrain_tui.cluster.choices import Leader
    from rolltrain_tui.runs.playable import PlayableRun
    from rolltrain_tui.tui.launch import Launch

SIZE_SECONDS = 0.25
"""Seconds between two looks at the terminal's size."""


class RanksOutfitter(TorchOutfitter):
    """Expeditions that train on all ranks."""

    def __init__(self, launch: "Launch", leader: "Leader") -> None:
        super().__init__(launch)
        self._leader = leader

    def preload(self) -> str:
        return f"{super().preload()} · {self._leader.size} ranks"

    def begin(self, campaign: Path, overrides: Sequence[str]) -> "PlayableRun":
        return self._leader.begin(campaign, overrides)

    def resume(self, save: Path, overrides: Sequence[str]) -> "PlayableRun":
        return self._leader.resume(save, overrides)

    def branch(self, run: Path, turn: int) -> "PlayableRun":
        raise ValueError(
            "Many ranks do not train earlier turns again, so no branch begins here. Leave, and begin it in one process: "
            f"rolltrain branch {shlex.quote(str(run))} --at {turn}. Then all ranks can go on with it."
        )


class RanksApp(RolltrainApp):
    """The game's app, and word of the other ranks."""

    def __init__(self, *given: Any, leader: "Leader", **more: Any) -> None:
        super().__init__(*given, **more)
        self._leader = leader
        self._size_before = os.terminal_size((0, 0))

    def on_mount(self) -> None:
        """Textual calls the game's own after this one."""
        call = partial(asyncio.get_running_loop().call_soon_threadsafe, context=contextvars.copy_context())
        self._leader.on_stop = lambda: _call(call, self.leave, "quit")
        self._leader.on_loss = lambda words: _call(call, self._explain, "The other ranks are gone", f"{words}.")
        self._leader.start()
        if not self.is_headless:
            self._size_before = os.get_terminal_size(0)
            self.set_interval(SIZE_SECONDS, self._look_at_size)

    def _look_at_size(self) -> None:
        with suppress(OSError):  # its window was closed, of which a signal tells
            size = os.get_terminal_size(0)
            if size != self._size_before:
                self._size_before = size
                if sys.platform != "win32":
                    signal.raise_signal(signal.SIGWINCH)

    def action_suspend_process(self) -> None:
        self.notify("The other ranks would wait for this one. Space pauses the run, and ctrl+q saves and quits.", markup=False)


def _call(call: Callable[..., object], deed: Callable[..., object], *values: object) -> None:
    """From another thread."""
    with suppress(RuntimeError):  # the game has just ended
        call(deed, *values)
