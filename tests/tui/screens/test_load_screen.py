"""The list of saves."""

import time
from pathlib import Path

import pytest
from support.screens_host import ScreensHost, a_run, shown, until
from textual.widgets import DataTable

from rolltrain_tui.runs import saves
from rolltrain_tui.story.judgement import Outcome
from rolltrain_tui.tui.screens.dialogs.choice import ChoiceDialog
from rolltrain_tui.tui.screens.load import GAP, LoadScreen, widths_of

TORN = "weights.safetensors is 12 bytes [/] short"


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[saves.RunSummary]:
    """Four runs on disk; deleting takes one away."""
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)  # a slow machine would find them older
    runs = [
        a_run("going", saved_at=now - 250),
        a_run("won", outcome="won", hero="[b]Ilm[/b]\n\x1b[2J", hero_class="wizard", ending="victory", saved_at=now - 9000, value=None),
        a_run("torn", campaign="", hero="", turns=0, damage=TORN, saved_at=now - 3 * 86400),
        a_run("older", campaign="Older", damage="turn-000300 is torn", saved_at=now - 5 * 86400),
    ]

    def delete(folder: Path) -> None:
        if folder.name == "won":
            raise saves.SaveError("this run is being played [/]")
        runs[:] = [run for run in runs if run.folder != folder]

    monkeypatch.setattr(saves, "list_runs", lambda root: list(runs))
    monkeypatch.setattr(saves, "delete", delete)
    return runs


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_table(size: tuple[int, int]) -> None:
    """Every run stands in its line with its facts, nothing to scroll sideways, foreign names literal and in one line."""
    app = ScreensHost(LoadScreen)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.screen.query_one(DataTable).row_count == 4)
        await pilot.pause()
        screen = shown(app)
        for text in (
            "Brakka, Barbarian 3",
            "412/2000",
            "2.31",
            "4 min ago",
            "[b]Ilm[/b] ␛[2J",
            "2 h ago",
            "✔",
            "✖",
            "▲",
            "torn",
            "/saves/going",
        ):
            assert text in screen
        assert 0 == app.screen.query_one(DataTable).max_scroll_x


@pytest.mark.usefixtures("runs")
async def test_the_table_of_a_narrow_terminal() -> None:
    """Names of campaigns, turns and ages stand whole."""
    app = ScreensHost(LoadScreen)
    async with app.run_test(size=(40, 20)) as pilot:
        await until(pilot, lambda: app.screen.query_one(DataTable).row_count == 4)
        await until(pilot, lambda: all(text in shown(app) for text in ("The Tiny GPT ", " 412/2000 ", " 4 min ago")))
        assert 0 == app.screen.query_one(DataTable).max_scroll_x


@pytest.mark.usefixtures("runs")
async def test_going_on() -> None:
    """Enter goes on with the run under the cursor, also with one of which only an older save is whole."""
    app = ScreensHost(LoadScreen)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.screen.query_one(DataTable).row_count == 4)
        await pilot.press("enter", "j", "down", "j", "enter")
        assert [("resume", Path("/saves/going")), ("resume", Path("/saves/older"))] == app.calls


@pytest.mark.usefixtures("runs")
async def test_a_damaged_run() -> None:
    """A run without a whole save says why and is not opened."""
    app = ScreensHost(LoadScreen)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await until(pilot, lambda: app.screen.query_one(DataTable).row_count == 4)
        await pilot.press("j", "j")
        await pilot.pause()
        assert f"✖ {TORN}" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: "This run cannot be opened" in shown(app))
        assert [] == app.calls


async def test_deleting_asks(runs: list[saves.RunSummary]) -> None:
    """d asks; Enter and Escape keep; the letter d deletes and the list is read again."""
    app = ScreensHost(LoadScreen)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.screen.query_one(DataTable).row_count == 4)
        await pilot.press("d")
        assert isinstance(app.screen, ChoiceDialog)
        await pilot.press("enter", "delete", "escape")
        assert 4 == len(runs)
        await pilot.press("delete", "d")
        await until(pilot, lambda: app.screen.query_one(DataTable).row_count == 3)
        assert ["won", "torn", "older"] == [run.folder.name for run in runs]


@pytest.mark.usefixtures("runs")
async def test_no_earlier_notice_lies_over_a_question() -> None:
    """That a run is damaged stands in a box at the lower right, where the question's buttons are at 80x24."""
    app = ScreensHost(LoadScreen)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: app.screen.query_one(DataTable).row_count == 4)
        await pilot.press("j", "j", "enter")
        await until(pilot, lambda: "cannot be opened" in shown(app))
        await pilot.press("d")
        await until(pilot, lambda: "Keep it" in shown(app))
        assert 0 == len(app._notifications)


async def test_a_run_that_cannot_be_deleted(runs: list[saves.RunSummary]) -> None:
    """When it is being played elsewhere, it stays and the reason is told."""
    app = ScreensHost(LoadScreen)
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        await until(pilot, lambda: app.screen.query_one(DataTable).row_count == 4)
        await pilot.press("j", "d", "d")
        await until(pilot, lambda: "this run is being played [/]" in shown(app))
        assert 4 == len(runs)


async def test_no_saves(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty list explains itself, its keys do no harm, and Escape leads back."""
    monkeypatch.setattr(saves, "list_runs", lambda root: [])
    app = ScreensHost(LoadScreen)
    async with app.run_test() as pilot:
        await until(pilot, lambda: "No saves yet." in shown(app))
        await pilot.press("enter", "d", "j")
        assert [] == app.calls
        await pilot.press("escape")
        assert not isinstance(app.screen, LoadScreen)


@pytest.mark.usefixtures("runs")
async def test_resizing_keeps_the_place() -> None:
    """The table is laid out anew for a new width and the cursor stays on its run."""
    app = ScreensHost(LoadScreen)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.query_one(DataTable).row_count == 4)
        await pilot.press("j", "j", "j")
        await pilot.resize_terminal(160, 40)
        await pilot.pause()
        assert "▲ older save" in shown(app)
        await pilot.press("enter")
        assert [("resume", Path("/saves/older"))] == app.calls


@pytest.mark.parametrize(
    ("outcome", "words"), [("won", "✔ won"), ("held", "= held"), ("lost", "✖ lost"), ("alone", "· finished"), (None, "· finished")]
)
async def test_a_finished_run_is_marked_by_its_judgement(monkeypatch: pytest.MonkeyPatch, outcome: Outcome | None, words: str) -> None:
    """Not by the fact that it was played to its end."""
    monkeypatch.setattr(saves, "list_runs", lambda root: [a_run("ended", ending="victory", outcome=outcome)])
    app = ScreensHost(LoadScreen)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: words in shown(app))


@pytest.mark.parametrize("room", [60, 77, 98, 109, 110, 116, 197])
@pytest.mark.parametrize("turns", ["9/600", "2000/2000"])
def test_the_columns_fill_the_width_and_names_get_what_is_free(room: int, turns: str) -> None:
    """At 80 columns the longest of the shipped names stands whole beside a hero."""
    rows = [(name, "Brakka, Barbarian 3", turns, "2.91", "59 min ago", "") for name in ("The Tiny GPT", "The Dungeon of Words")]
    widths = widths_of(room, rows)
    assert sum(widths) + GAP * len(widths) == room
    assert min(widths[:2]) >= (8 if room < 76 else 15)
    assert room < 76 or widths[0] >= len("The Dungeon of Words")
