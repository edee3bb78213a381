"""The tests' own patience: what an app still has to do is done when they look, however little time a busy machine gives it."""

import asyncio
import time

from support.at_rest import wait_for_idle
from support.screens_host import ScreensHost, shown, until
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static


async def test_an_app_that_is_given_no_time_is_not_taken_for_idle() -> None:
    """Each deed calls the next, and the machine does something else for longer than a nap meanwhile."""
    loop, done = asyncio.get_running_loop(), list[int]()

    def deed() -> None:
        time.sleep(0.03)
        done.append(len(done))
        if len(done) < 5:
            loop.call_soon(deed)

    loop.call_soon(deed)
    await wait_for_idle(0)
    assert len(done) == 5


class Unfolding(Screen[None]):
    """Each picture calls for the next."""

    WORDS = ("one", "two", "three", "four")

    def compose(self) -> ComposeResult:
        yield Static()

    def on_mount(self) -> None:
        self._unfold(0)

    def _unfold(self, number: int) -> None:
        self.query_one(Static).update(" ".join(self.WORDS[: number + 1]))
        if number + 1 < len(self.WORDS):
            self.call_after_refresh(self._unfold, number + 1)


async def test_what_is_waited_for_is_seen_in_the_last_picture() -> None:
    """Not in one of those that are drawn on the way."""
    async with (app := ScreensHost(Screen)).run_test() as pilot:
        app.push_screen(Unfolding())
        await until(pilot, lambda: "one" in shown(app))
        assert "one two three four" in shown(app)
