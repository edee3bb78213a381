"""Victory and the fall."""

from dataclasses import replace
from typing import Any

import pytest
from support.endings import ENDED, LINES, OBJECTIVE, PATH, story
from support.screens_host import ScreensHost, shown
from textual.widgets import Sparkline

from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.tui.screens.ending import EndingScreen, drawable, verdict


def host(**changes: Any) -> ScreensHost:
    return ScreensHost(lambda: EndingScreen(story(**changes)))


@pytest.mark.parametrize("size", [(120, 36), (200, 60)])
async def test_victory(size: tuple[int, int]) -> None:
    """The numbers, the run's folder, ten lines of story and all choices are on the screen; foreign text is literal."""
    app = host()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        screen = shown(app)
        for text in (
            "VICTORY",
            "Brakka␛",
            "The [/] GPT",
            "1.4123",
            "1.4021",
            "1.3100",
            "0.102 nats above",
            "5, 6510 XP",
            "2,310 GFLOP",
            "the-tiny-gpt-seed7",
        ):
            assert text in screen
        assert all(line in screen for line in LINES[:10])
        assert LINES[10] not in screen
        assert all(label in screen for label in ("Play again", "Without the dice", "Title", "Quit"))


async def test_small_screens_read_by_scrolling() -> None:
    """At 80x24 headline and numbers come first and the arrows lead down to the last line and the folder."""
    app = host()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert all(text in shown(app) for text in ("VICTORY", "1.4123", "Play again", "Without dice", "Quit"))
        await pilot.press("end")
        await pilot.pause()
        assert all(text in shown(app) for text in (LINES[9], "the-tiny-gpt-seed7"))
        await pilot.press("p")
        assert [("start", PATH, ("hero.name=Brakka",))] == app.calls


async def test_the_fall_has_another_mood() -> None:
    """A fall is told in its own words and drawn in its own colour, and never calls itself a victory."""
    app = host(ended=replace(ENDED, ending="fallen"))
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        assert all(text in shown(app) for text in ("FALLEN", "✖ fallen, turn 2000"))
        assert "victory" not in shown(app).lower()
        error = app.theme_variables["error"].lower()
        assert error == app.screen.query_one("#ending-title").styles.color.hex.lower()


AGAIN = ("start", PATH, ("hero.name=Brakka",))
WITHOUT = ("start", PATH, ("hero.name=Brakka", "dice.rulebook=off"))


WAYS = {
    "enter": AGAIN,
    "p": AGAIN,
    "down enter": WITHOUT,
    "w": WITHOUT,
    "j enter": ("title",),
    "escape": ("title",),
    "t": ("title",),
    "end enter": ("quit",),
    "q": ("quit",),
}


async def test_ways_on() -> None:
    """Every choice by menu and by its key: the same again, the same without dice, the title, out."""
    app = host()
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        for keys, call in WAYS.items():
            app.calls.clear()
            await pilot.press(*keys.split())
            assert (keys, [call]) == (keys, app.calls)


async def test_an_unknown_campaign_is_not_played_again() -> None:
    """Without the campaign's file there is nothing to begin, and the menu says why."""
    app = host(path=None)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        await pilot.press("p", "w", "enter")
        assert "The campaign's file is not known" in shown(app)
        assert [] == app.calls


async def test_without_a_series() -> None:
    """One number is no curve: the sparkline stays away."""
    app = host(losses=[2.0])
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        assert not app.screen.query_one(Sparkline).display


def test_drawable() -> None:
    """What is no number is left out; the lowest point still stands above nothing and the order of heights is kept."""
    heights = drawable([4.0, float("nan"), 2.0, float("-inf"), 3.0])
    assert [0, 2, 1] == [sorted(heights, reverse=True).index(height) for height in heights]
    assert min(heights) > 0
    assert [] == drawable([])


@pytest.mark.parametrize(
    ("value", "objective", "words"),
    [
        (1.4123, OBJECTIVE, "0.102 nats above the floor"),
        (1.4123, Objective(), "No floor is known here"),
        (0.9, Objective(name="R²", unit="", better="higher", limit=1.0, of_loss=False), "0.100 below the ceiling of 1."),
        (float("nan"), OBJECTIVE, "no number"),
    ],
)
def test_verdict(value: float, objective: Objective, words: str) -> None:
    """The distance to the floor or the ceiling where it is known; no verdict where nothing is."""
    assert words in verdict(replace(ENDED, value=value), objective)
