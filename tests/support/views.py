"""One run, seen in every way it can be played: headless, as plain text, and on screen."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from rolltrain_tui.plain.run import PlainSession
from rolltrain_tui.plain.views import PlainView, SafeStream
from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox
from rolltrain_tui.runs.log.event_log import story_sha256
from rolltrain_tui.runs.playable import PlayableRun
from rolltrain_tui.runs.run import Run
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.launch import Launch

Moves = Sequence[tuple[int, Command]]


def fingerprint(run: Run) -> tuple[str, str]:
    """Of weights, moments and streams in the last save, and of the story."""
    [weights] = run.folder.glob(f"saves/turn-{run.config.turns:06d}/weights.safetensors")
    return hashlib.sha256(weights.read_bytes()).hexdigest(), story_sha256(run.folder / "chronicle.jsonl")


def headless(run: Run, moves: Moves) -> None:
    list(run.play(ScriptedInbox(moves)))


def plain(run: Run, moves: Moves, out: Path) -> None:
    with out.open("w", encoding="utf-8") as stream:
        voice = SafeStream(stream)
        PlainSession(run, ScriptedInbox(moves), PlainView(voice), voice).play()


async def on_screen(run: Run, moves: Moves, size: tuple[int, int], nudge: Callable[[Inbox], object] | None = None) -> None:
    """In the game itself, at full speed, or slowly at first and `nudge` called again and again with its inbox."""

    class Ready:
        def preload(self) -> str:
            return "ready"

        def begin(self, campaign: Path, overrides: object) -> PlayableRun:
            return run

        resume = begin

        def branch(self, save: Path, turn: int) -> PlayableRun:
            return run

    speed = 0 if nudge is None else 10
    app = RolltrainApp(Launch(save=run.folder, runs=run.folder.parent, moves=moves, turns_per_second=speed, explain=False), Ready())
    async with app.run_test(size=size) as pilot:
        while app.bridge is None or app.bridge.playing:
            await pilot.pause(0.005)
            if app.bridge is not None and nudge is not None:
                nudge(app.bridge.inbox)
