"""A storm of resizes is taken up in measure, and the last size always."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from support.fakes import FakeOutfitter
from support.screens_host import until
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
            await asyncio.sleep(0)
        await until(pilot, lambda: not app.resizes.waiting and app.screen.size == (101, 31))
        assert taken[-1] == (101, 31)
        assert len(taken) < len(sizes) / 3


class Clock:
    """Time that passes when it is told to, with an app's timers. Half of it is spent on computing."""

    def __init__(self) -> None:
        self.now = 100.0
        self.posted: list[events.Resize] = []
        self._timers: list[tuple[float, Callable[[], None]]] = []

    def monotonic(self) -> float:
        return self.now

    def thread_time(self) -> float:
        return self.now / 2

    def set_timer(self, delay: float, call: Callable[[], None]) -> None:
        self._timers.append((self.now + delay, call))

    def post_message(self, message: events.Resize) -> None:
        self.posted.append(message)

    def pass_by(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [timer for timer in self._timers if timer[0] <= end]:
            first = min(due, key=lambda timer: timer[0])
            self._timers.remove(first)
            self.now = first[0]
            first[1]()
        self.now = end


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setattr(resizes, "time", clock := Clock())
    return clock


def resize(columns: int) -> events.Resize:
    return events.Resize(Size(columns, 30), Size(columns, 30))


def test_one_resize_is_taken_up_at_once(clock: Clock) -> None:
    """A single new size does not wait, nor does one after a rest; one that comes at once is held, and comes again."""
    measured, second = Resizes(cast(Any, clock), lambda: 0.001), resize(91)
    assert measured.takes(resize(90))
    assert not measured.takes(second)
    assert measured.waiting
    clock.pass_by(QUIET_SECONDS * 1.5)
    assert [second] == clock.posted
    assert measured.takes(second)
    assert not measured.waiting


def test_the_cost_decides(clock: Clock) -> None:
    """In a storm without an end, a dear picture is laid out less often than a cheap one."""

    def taken(share: float) -> int:
        measured, number, end = Resizes(cast(Any, clock), lambda: share), 0, clock.now + 5 * QUIET_SECONDS
        while clock.now < end:
            number += measured.takes(resize(90))
            clock.pass_by(0.02)
        return number

    assert 1 == taken(0.0001)
    assert 4 <= taken(100.0) <= 5
