"""One campaign, one seed, the same commands: however it is shown, paused or hurried, the same weights and the same story."""

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from support.paths import CAMPAIGNS
from support.views import fingerprint, headless, on_screen, plain

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.protocol.commands import Command, Speak, UseAbility
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs.run import Run

pytestmark = pytest.mark.slow

MOVES: tuple[tuple[int, Command], ...] = ((4, UseAbility("rage")), (9, Speak()), (20, UseAbility("reckless_attack")))
Begin = Callable[[str], Run]


def test_one_run(
    tiny_config: Callable[..., CampaignConfig], tmp_path: Path, count: Callable[[int, int], int], tally: Callable[[str], None]
) -> None:
    """Headless, plain, two sizes of screen, slow, and paused and resumed a hundred times."""
    turns, pauses = count(24, 400), count(8, 100)
    settings = (f"turns={turns}", "encounters.chance=0.4", "twin.mode=on_use", "save={autosave_every: 10, keep: 2}", "camps.every=10")
    sizes = ((80, 24), (200, 60))

    def begin(name: str) -> Run:
        return Run.begin(tiny_config(*settings), base=CAMPAIGNS, runs=tmp_path / name)

    straight = begin("straight")
    headless(straight, MOVES)
    found = {}
    told = begin("plain")
    plain(told, MOVES, tmp_path / "out.txt")
    found["plain"] = fingerprint(told)
    for size in sizes:
        shown = begin(f"{size[0]}x{size[1]}")
        asyncio.run(on_screen(shown, MOVES, size))
        found[f"{size[0]}x{size[1]}"] = fingerprint(shown)
    for name, nudge in (("slow", _slow), ("paused", _Pauses(pauses))):
        shown = begin(name)
        asyncio.run(on_screen(shown, MOVES, (120, 36), nudge))
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
