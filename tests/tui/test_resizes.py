"""A storm of resizes is taken up in measure, and the last size always."""

import time
from pathlib import Path

import pytest
from support.fakes import FakeOutfitter
from textual import events
from textual.geometry import Size

from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.terminal import resizes
from rolltrain_tui.tui.terminal.resizes import QUIET_SECONDS, Resizes


@pytest.mark.slow
async def test_the_last_size_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of sizes in a row: few are laid out, and in the end the screen has the last one."""
    monkeypatch.setattr(resizes, "QUIET_SECONDS", 0.5)  # a storm even for a machine with much else to do
    app = RolltrainApp(Launch(runs=tmp_path), FakeOutfitter())
    async with app.run_test(size=(80, 24)) as pilot:
        taken: list[Size] = []
        takes = app.resizes.takes

        def counted(event: events.Resize) -> bool:
            passes = takes(event)
            taken.extend([event.size] * passes)
            return passes

        app.resizes.takes = counted  # type: ignore[method-assign]
        sizes = [Size(40 + n % 160, 10 + n % 50) for n in range(300)]
        for size in (*sizes, Size(101, 31)):
            app.post_message(events.Resize(size, size))
            await pilot.pause(0.001)
        for _ in range(400):
            if not app.resizes.waiting and app.screen.size == (101, 31):
                break
            await pilot.pause(0.01)
        assert not app.resizes.waiting
        assert app.screen.size == (101, 31)
        assert taken[-1] == (101, 31)
        assert len(taken) < len(sizes) / 3


async def test_one_resize_is_taken_up_at_once(tmp_path: Path) -> None:
    """A single new size does not wait, nor does one after a rest."""
    app = RolltrainApp(Launch(runs=tmp_path), FakeOutfitter())
    async with app.run_test(size=(80, 24)) as pilot:
        measured = Resizes(app, lambda: 0.001)
        assert measured.takes(events.Resize(Size(90, 30), Size(90, 30)))
        assert not measured.takes(events.Resize(Size(91, 30), Size(91, 30)))
        assert measured.waiting
        await pilot.pause(QUIET_SECONDS * 1.5)
        assert measured.takes(events.Resize(Size(92, 30), Size(92, 30)))
        assert not measured.waiting


async def test_the_cost_decides(tmp_path: Path) -> None:
    """In a storm without an end, a dear picture is laid out less often than a cheap one."""
    app = RolltrainApp(Launch(runs=tmp_path), FakeOutfitter())
    async with app.run_test(size=(80, 24)) as pilot:

        async def taken(share: float, seconds: float, enough: int) -> tuple[int, int]:
            """Sizes that were taken up, and how often a busy machine made the window rest."""
            measured, number, rests, before = Resizes(app, lambda: share), 0, 0, time.monotonic()
            end = before + seconds
            while number < enough and (now := time.monotonic()) < end:
                rests += now - before >= 0.9 * QUIET_SECONDS
                before = now
                number += measured.takes(events.Resize(Size(90, 30), Size(90, 30)))
                await pilot.pause(0.02)
            return number, rests

        dear, rests = await taken(0.0001, 5 * QUIET_SECONDS, 1000)
        assert 1 <= dear <= 1 + rests
        cheap, _ = await taken(100.0, 100 * QUIET_SECONDS, 4)
        assert cheap == 4, "in its own time, however busy the machine is"
