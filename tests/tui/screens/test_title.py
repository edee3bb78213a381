"""The title screen."""

import re
import subprocess
import sys
import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import warm
from support.screens_host import ScreensHost, a_run, shown, until
from textual.widgets import Static

from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.runs.saves import RunSummary
from rolltrain_tui.tui.arena.hall import ArenaScreen
from rolltrain_tui.tui.screens.campaigns import CampaignsScreen
from rolltrain_tui.tui.screens.kinds.base import HelpScreen
from rolltrain_tui.tui.screens.load import LoadScreen
from rolltrain_tui.tui.screens.title import LOGO, TitleScreen, facts
from rolltrain_tui.tui.settings import read_settings
from rolltrain_tui.tui.widgets.menu import Menu

SIZES = [(80, 24), (120, 36), (200, 60)]


def on_disk(monkeypatch: pytest.MonkeyPatch, runs: Sequence[RunSummary]) -> None:
    monkeypatch.setattr("rolltrain_tui.runs.saves.list_runs", lambda root: list(runs))


def labels(app: ScreensHost) -> list[str]:
    return [item.label for item in app.screen.query_one(Menu).items]


def pointed(app: ScreensHost) -> str:
    menu = app.screen.query_one(Menu)
    return menu.items[menu.cursor].key


def test_light() -> None:
    """The title is imported without torch, pydantic, YAML, charts or the saves."""
    heavy = [
        "torch",
        "pydantic",
        "yaml",
        "plotext",
        "safetensors",
        "markdown_it",
        "rolltrain_tui.runs.saves",
        "rolltrain_tui.config.schema",
    ]
    script = f"import sys, rolltrain_tui.tui.screens.title; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_readied() -> None:
    """Behind the title torch is imported, and its version and device are named."""
    script = "from rolltrain_tui.tui import launch; from rolltrain_tui.tui.threads import outfitter as o; "
    script += "print(o.TorchOutfitter(launch.Launch()).preload())"
    done = warm.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert re.fullmatch(r"torch [\d.]+ · (cuda|cpu, \d+ threads?)\n", done.stdout), done.stderr


@pytest.mark.parametrize("size", SIZES)
async def test_everything_fits(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """At every size the logo, the die, all items, their details and the footer are whole."""
    on_disk(monkeypatch, [a_run("one", saved_at=time.time())])
    app = ScreensHost(TitleScreen)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "Continue" in labels(app))
        await pilot.pause()
        screen = shown(app)
        for text in (*(line.strip() for line in LOGO.split("\n")), *labels(app), "⠉⠓⠿⣤⠿⠚⠉", "turn 412 · val 2.31", "Help", "Theme"):
            assert text in screen


@pytest.mark.parametrize("size", [(60, 18), (60, 20), (60, 40), (80, 20), (90, 24), (120, 18)])
async def test_a_small_terminal_has_every_item(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """What has no room is the die, then the logo. So it is in a terminal that becomes small, and facts fit into the new width."""
    on_disk(monkeypatch, [a_run("one", saved_at=time.time())])
    app = ScreensHost(TitleScreen)
    async with app.run_test(size=(200, 60)) as pilot:
        await until(pilot, lambda: "Continue" in labels(app))
        await pilot.resize_terminal(*size)
        await until(pilot, lambda: all(label in shown(app) for label in labels(app)))
        assert app.screen.query_one(Menu).items[0].detail in shown(app)


async def test_without_saves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a save there is nothing to continue, and the first item is a new campaign."""
    on_disk(monkeypatch, [])
    app = ScreensHost(TitleScreen)
    async with app.run_test() as pilot:
        await pilot.pause()
        assert ["New campaign", "Load a save", "Arena", "Dungeon", "Watch a replay", "Codex", "Quit"] == labels(app)
        await pilot.press("down", "enter")
        assert isinstance(app.screen, TitleScreen)
        assert [] == app.calls


async def test_enter_continues_the_newest_unfinished_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended and unreadable runs are passed over; Enter goes on with the newest that can go on."""
    on_disk(monkeypatch, [a_run("won", ending="victory"), a_run("torn", campaign="", damage="torn"), a_run("going"), a_run("older")])
    app = ScreensHost(TitleScreen)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "Continue" in labels(app))
        await pilot.press("enter")
        assert [("resume", a_run("going").folder)] == app.calls


async def test_moving(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrows, j and k, Home and End move the pointer, round the ends."""
    on_disk(monkeypatch, [a_run("one")])
    app = ScreensHost(TitleScreen)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "Continue" in labels(app))
        places = []
        for key in ("j", "down", "k", "up", "up", "down", "end", "home"):
            await pilot.press(key)
            places.append(pointed(app))
        assert ["new", "load", "new", "continue", "quit", "continue", "quit", "continue"] == places


@pytest.mark.parametrize(
    ("key", "screen"), [("n", CampaignsScreen), ("l", LoadScreen), ("a", ArenaScreen), ("w", LoadScreen), ("question_mark", HelpScreen)]
)
async def test_first_letters_open(key: str, screen: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first letter of an item opens it; ? opens the help."""
    on_disk(monkeypatch, [a_run("one")])
    app = ScreensHost(TitleScreen)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "Continue" in labels(app))
        await pilot.press(key)
        assert isinstance(app.screen, screen)
        await pilot.press("escape")
        assert isinstance(app.screen, TitleScreen)


async def test_the_dungeon_is_open_without_a_campaign(monkeypatch: pytest.MonkeyPatch) -> None:
    """d asks for a text adventure."""
    on_disk(monkeypatch, [])
    app = ScreensHost(TitleScreen)
    async with app.run_test() as pilot:
        await pilot.press("d")
        assert [("dungeon",)] == app.calls


async def test_a_shared_letter_walks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Continue and Codex share a letter, so c walks between them and Enter decides."""
    on_disk(monkeypatch, [a_run("one")])
    app = ScreensHost(TitleScreen)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "Continue" in labels(app))
        await pilot.press("c")
        assert ("codex", []) == (pointed(app), app.calls)
        await pilot.press("c", "c", "enter")
        assert [("codex", "")] == app.calls


async def test_closed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A title that shows for a moment only, because what lay over it was closed with it, looks for no saves and harms nothing."""
    on_disk(monkeypatch, [a_run("one")])
    app = ScreensHost(TitleScreen)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "Continue" in labels(app))
        title = app.screen
        await pilot.press("n")
        app.pop_screen()
        app.pop_screen()
        await pilot.pause()
        title.list_saves()  # type: ignore[attr-defined]
        assert not title.is_attached


async def test_quitting(monkeypatch: pytest.MonkeyPatch) -> None:
    """q quits at once, by the app's own way out; Escape leads nowhere."""
    on_disk(monkeypatch, [])
    app = ScreensHost(TitleScreen)
    async with app.run_test() as pilot:
        await pilot.press("escape")
        assert isinstance(app.screen, TitleScreen)
        await pilot.press("q")
        assert [("quit",)] == app.calls


async def test_mouse(monkeypatch: pytest.MonkeyPatch) -> None:
    """A click on an item takes it."""
    on_disk(monkeypatch, [])
    app = ScreensHost(TitleScreen)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.click(Menu, offset=(8, 5))
        assert [("codex", "")] == app.calls


async def test_the_pointer_stays_when_saves_arrive_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has already moved keeps their place when the list of saves comes in above it."""
    on_disk(monkeypatch, [])
    app = ScreensHost(TitleScreen)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("j", "j", "j", "j", "j")
        on_disk(monkeypatch, [a_run("one")])
        app.screen.list_saves()  # type: ignore[attr-defined]
        await until(pilot, lambda: "Continue" in labels(app))
        assert "codex" == pointed(app)


async def test_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bottom line tells when torch is ready, and then the die has landed on its 20."""
    on_disk(monkeypatch, [])
    app = ScreensHost(TitleScreen)
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "Loading PyTorch" in shown(app)
        app.torch_ready, app.torch_line = True, "torch 2.13 · cpu, 2 threads · ready"
        app.screen._look_at_torch()  # type: ignore[attr-defined]
        await pilot.pause()
        assert "✔ torch 2.13 · cpu, 2 threads · ready" in shown(app)
        assert "20" in str(app.screen.query_one("#die", Static).render())


async def test_torch_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """When torch cannot be used the line says so with a cross, and the die shows a 1."""
    on_disk(monkeypatch, [])
    app = ScreensHost(TitleScreen)
    async with app.run_test() as pilot:
        app.torch_line = "torch cannot be used: no [/such] file"
        for _ in range(2):
            app.screen._look_at_torch()  # type: ignore[attr-defined]
        await pilot.pause()
        assert "✖ torch cannot be used: no [/such] file" in shown(app)
        assert "1 " in str(app.screen.query_one("#die", Static).render())


async def test_foreign_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A save's names are shown as they are: no markup, no escape sequences, no second line."""
    on_disk(monkeypatch, [a_run("one", hero="[red]x[/]\x1b[2J\nB", campaign="[/]")])
    app = ScreensHost(TitleScreen)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "Continue" in labels(app))
        await pilot.pause()
        assert "[red]x[/]␛[2J B, Barbarian 3 · [/] · turn 412" in shown(app)


async def test_theme_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """t puts on the next theme and it is remembered; the last one alone is named."""
    on_disk(monkeypatch, [])
    app = ScreensHost(TitleScreen)
    async with app.run_test() as pilot:
        await pilot.press("t")
        await until(pilot, lambda: read_settings().get("theme") == "parchment")
        assert "parchment" == app.theme
        await pilot.press("t")
        await until(pilot, lambda: app.theme == "high-contrast")
        assert ["High contrast"] == [told.message for told in app._notifications]


@given(width=st.integers(20, 120), hero=st.text(max_size=24), campaign=st.text(max_size=60))
def test_facts_fit(width: int, hero: str, campaign: str) -> None:
    """The line about a save never outgrows its room, and keeps what it can: the age goes first, then the value, then the campaign."""
    line = facts(a_run("one", hero=hero, campaign=campaign), 240.0, width)
    assert len(line) <= width
    if "4 min ago" in line:
        assert "val 2.31" in line
    if "val 2.31" in line:
        assert f" · {flat(campaign)} · turn 412" in line


def test_a_value_with_a_long_name_gives_way_to_the_campaign() -> None:
    run = a_run("one", hero="Ilse", campaign="The Dungeon of Words", label="share of the move limit")
    assert "Ilse, Barbarian 3 · The Dungeon of Words · turn 412" == facts(run, 240.0, 57)
