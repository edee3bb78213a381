"""One campaign, one seed, the same commands: however it is shown, paused or hurried, the same weights and the same story."""

import asyncio
import hashlib
import random
from collections.abc import Callable
from pathlib import Path

from support.paths import CAMPAIGNS

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.plain.run import PlainSession
from rolltrain_tui.plain.views import PlainView, SafeStream
from rolltrain_tui.protocol.commands import Command, Speak, UseAbility
from rolltrain_tui.protocol.inbox import Inbox, ScriptedInbox
from rolltrain_tui.runs.event_log import story_sha256
from rolltrain_tui.runs.playable import PlayableRun
from rolltrain_tui.runs.run import Run
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.launch import Launch

MOVES: tuple[tuple[int, Command], ...] = ((4, UseAbility("rage")), (9, Speak()), (20, UseAbility("reckless_attack")))
Begin = Callable[[str], Run]


def fingerprint(expedition: Run) -> tuple[str, str]:
    """Of weights, moments and streams in the last save, and of the story."""
    [weights] = expedition.folder.glob(f"saves/turn-{expedition.config.turns:06d}/weights.safetensors")
    return hashlib.sha256(weights.read_bytes()).hexdigest(), story_sha256(expedition.folder / "chronicle.jsonl")


def headless(expedition: Run) -> None:
    list(expedition.play(ScriptedInbox(MOVES)))


def plain(expedition: Run, out: Path) -> None:
    with out.open("w", encoding="utf-8") as stream:
        voice = SafeStream(stream)
        PlainSession(expedition, ScriptedInbox(MOVES), PlainView(voice), voice).play()


async def on_screen(expedition: Run, size: tuple[int, int], nudge: Callable[[Inbox], object] | None = None) -> None:
    """In the game itself, at full speed, or slowly at first and `nudge` called again and again with its inbox."""

    class Ready:
        def preload(self) -> str:
            return "ready"

        def begin(self, campaign: Path, overrides: object) -> PlayableRun:
            return expedition

        resume = begin

        def branch(self, run: Path, turn: int) -> PlayableRun:
            return expedition

    speed = 0 if nudge is None else 10
    app = RolltrainApp(Launch(save=expedition.folder, runs=expedition.folder.parent, moves=MOVES, turns_per_second=speed), Ready())
    async with app.run_test(size=size) as pilot:
        while app.bridge is None or app.bridge.travelling:
            await pilot.pause(0.005)
            if app.bridge is not None and nudge is not None:
                nudge(app.bridge.inbox)


def test_one_run(
    tiny_config: Callable[..., CampaignConfig], tmp_path: Path, count: Callable[[int, int], int], tally: Callable[[str], None]
) -> None:
    """Headless, plain, two sizes of screen, slow, and paused and resumed a hundred times."""
    turns, pauses = count(80, 400), count(10, 100)
    settings = (f"turns={turns}", "encounters.chance=0.4", "twin.mode=on_use", "save={autosave_every: 50, keep: 2}", "camps.every=50")
    sizes = ((80, 24), (200, 60))

    def begin(name: str) -> Run:
        return Run.begin(tiny_config(*settings), base=CAMPAIGNS, runs=tmp_path / name)

    straight = begin("straight")
    headless(straight)
    found = {}
    told = begin("plain")
    plain(told, tmp_path / "out.txt")
    found["plain"] = fingerprint(told)
    for size in sizes:
        shown = begin(f"{size[0]}x{size[1]}")
        asyncio.run(on_screen(shown, size))
        found[f"{size[0]}x{size[1]}"] = fingerprint(shown)
    for name, nudge in (("slow", _slow), ("paused", _Pauses(pauses))):
        shown = begin(name)
        asyncio.run(on_screen(shown, (120, 36), nudge))
        found[name] = fingerprint(shown)
        if isinstance(nudge, _Pauses):
            assert nudge.left == 0
    assert {name: fingerprint(straight) for name in found} == found
    tally(f"5. {turns} turns headless, plain, at 80x24, at 200x60, slow, and paused {pauses} times: one hash of weights, one of the story")


def _slow(inbox: Inbox) -> None:
    inbox.set_speed(60)


class _Pauses:
    """Pause, let a turn pass, go on; so often, at moments of chance. At full speed the run would be over first, so it is slowed down."""

    def __init__(self, times: int) -> None:
        self.left = times
        self._rng = random.Random(5)

    def __call__(self, inbox: Inbox) -> None:
        if self.left == 0:
            inbox.resume()
            inbox.set_speed(None)
        elif inbox.paused:
            if self._rng.random() < 0.3:
                inbox.step_once()
            inbox.resume()
            self.left -= 1
        else:
            inbox.set_speed(10)
            inbox.pause()
