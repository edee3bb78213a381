"""The choice of a campaign."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from support.endings import ENDED
from support.paths import CAMPAIGNS
from support.patience import PATIENCE
from support.screens_host import ScreensHost, shown, until
from support.shell import Answer
from textual.widgets import Input, OptionList

from rolltrain_tui.config.overrides import parse
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.runs.results import Record, Result, Setup
from rolltrain_tui.story.judgement import Judgement, Measured
from rolltrain_tui.tui.screens.campaigns import PEEK_BYTES, CampaignsScreen, own_text_overrides, text_trouble
from rolltrain_tui.tui.screens.hero_choice import HeroChoiceScreen

pytestmark = pytest.mark.slow


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A good campaign with a name that looks like markup, a broken one, and one that is gone."""
    good, bad, gone = tmp_path / "good.yaml", tmp_path / "b[x]ad.yaml", tmp_path / "gone.yaml"
    good.write_text(
        (CAMPAIGNS / "tiny_gpt.yaml").read_text(encoding="utf-8").replace("name: The Tiny GPT", 'name: "The [b]Tiny[/b] GPT"'),
        encoding="utf-8",
    )
    bad.write_text("name: 3\nturns: [/]\n", encoding="utf-8")
    monkeypatch.setattr("rolltrain_tui.modes.campaign_file.shipped", lambda: [good, bad, gone])
    return [good, bad, gone]


async def ready(pilot: object, app: ScreensHost, count: int) -> None:
    await until(pilot, lambda: app.screen.query_one(OptionList).option_count == count)  # type: ignore[arg-type]
    await pilot.pause()  # type: ignore[attr-defined]


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_shipped_campaigns(size: tuple[int, int]) -> None:
    """Every shipped campaign is readable, with story and facts; Enter leads to the heroes."""
    app = ScreensHost(CampaignsScreen)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.screen.query_one(OptionList).option_count >= 2)
        await until(pilot, lambda: "A language model" in shown(app))
        assert "✖" not in shown(app)
        await until(pilot, lambda: all(text in shown(app) for text in ("The Tiny GPT", "Your own text", "Choose a hero")))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, HeroChoiceScreen))


async def test_a_click_on_another_campaign_opens_its_page() -> None:
    """A click on the one that is open goes on to the heroes."""
    app = ScreensHost(CampaignsScreen)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Welcome to the tavern" in shown(app))
        await pilot.click("#campaign-list", offset=(4, 4))
        await until(pilot, lambda: "Welcome to the tavern" not in shown(app) and app.screen.query_one(OptionList).highlighted == 1)
        assert isinstance(app.screen, CampaignsScreen)
        await pilot.click("#campaign-list", offset=(4, 4))
        await until(pilot, lambda: isinstance(app.screen, HeroChoiceScreen))


async def test_keys_typed_before_the_campaigns_are_read_count(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The page says that they are read; Down, Up and Enter wait for the list, and choose from it what they would have chosen."""
    read = Event()
    monkeypatch.setattr("rolltrain_tui.modes.campaign_file.shipped", lambda: [files[1], files[0]] if read.wait(PATIENCE) else [])
    app = ScreensHost(CampaignsScreen)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "The campaigns are read" in shown(app))
        await pilot.press("down", "down", "up", "enter")
        read.set()
        await until(pilot, lambda: isinstance(app.screen, HeroChoiceScreen) and "Tiny" in shown(app))


async def test_a_screen_opened_from_another_has_the_form_of_its_size() -> None:
    """In a small terminal the heroes stand in a list, also where the choice of a campaign came before."""
    app = ScreensHost(CampaignsScreen)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "A language model" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, HeroChoiceScreen) and "Set out" in shown(app))
        await until(pilot, lambda: {"-narrow", "-short"} <= app.screen.classes and "Takes bigger updates: half as large" in shown(app))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_list_tells_size_and_ailment_in_the_order_of_play(size: tuple[int, int]) -> None:
    """With the unit of the size."""
    app = ScreensHost(CampaignsScreen)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "A language model" in shown(app))
        screen = shown(app)
        assert "600 turns · 100k weights" in screen
        places = [screen.index(words) for words in ("start here", "and larger", "steps too large", "steps too small", "too little to read")]
        assert places == sorted(places)


async def test_the_best_of_the_finished_runs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    best = Record(Result(Path("run"), Setup("The First Lesson", 600, "", Objective()), ENDED, Judgement("held", Measured(1.4, 0.1))), 3)
    monkeypatch.setattr("rolltrain_tui.runs.results.results_in", lambda root: [])
    monkeypatch.setattr(
        "rolltrain_tui.runs.results.records_of", lambda results, *names: best if names == ("The First Lesson", 600) else None
    )
    app = ScreensHost(CampaignsScreen)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "1.4123 nats ± 0.0042 (= held), of 3 finished runs" in " ".join(shown(app).split()))


@pytest.mark.usefixtures("files")
async def test_names_are_literal() -> None:
    """A campaign's name is shown as it is written; the size of the model is told."""
    app = ScreensHost(CampaignsScreen)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot, app, 3)
        assert "The [b]Tiny[/b] GPT" in shown(app)
        assert "4 layers, 128 wide, about 795k weights" in shown(app)


@pytest.mark.usefixtures("files")
async def test_broken_files_are_shown_with_their_errors() -> None:
    """A file that cannot be read stands in the list with its mistakes and cannot be played; a missing one neither."""
    app = ScreensHost(CampaignsScreen)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot, app, 3)
        await pilot.press("j")
        await until(pilot, lambda: "cannot be played yet" in shown(app))
        await until(pilot, lambda: "✖ b[x]ad.yaml" in shown(app) and "adventure: missing" in shown(app))
        await pilot.press("enter")
        assert isinstance(app.screen, CampaignsScreen)
        await pilot.press("down", "enter")
        await until(pilot, lambda: "✖ gone.yaml" in shown(app))
        assert isinstance(app.screen, CampaignsScreen)


async def test_what_is_not_installed_is_told_before_a_hero_is_chosen(monkeypatch: pytest.MonkeyPatch, call: Callable[..., Answer]) -> None:
    """The page of the campaign says what it needs, Enter repeats it, and `play` with its name refuses it in the same words."""
    monkeypatch.setitem(sys.modules, "textworld", None)
    monkeypatch.setattr("rolltrain_tui.modes.campaign_file.shipped", lambda: [CAMPAIGNS / "dungeon_exam.yaml"])
    app = ScreensHost(CampaignsScreen)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: "✖ TextWorld is not installed; pip install" in shown(app))
        await pilot.press("enter")
        await until(pilot, lambda: any("TextWorld is not installed" in notice.message for notice in app._notifications))
        assert isinstance(app.screen, CampaignsScreen)
    monkeypatch.setattr("rolltrain_tui.cli.play.missing_screen", lambda: "")
    answer = call("play", CAMPAIGNS / "dungeon_exam.yaml")
    assert answer.code == 2
    assert "TextWorld is not installed; pip install 'rolltrain-tui[textworld]'" in answer.err


@pytest.mark.usefixtures("files")
async def test_own_text(tmp_path: Path) -> None:
    """/ goes to the field for a text of one's own; a good file is passed on; a wrong one holds the player back with a reason."""
    text = tmp_path / "my: [text].txt"
    text.write_text("Once upon a time. " * 50, encoding="utf-8")
    app = ScreensHost(CampaignsScreen)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot, app, 3)
        await pilot.press("slash", *"/no")
        await pilot.pause()
        assert "✖ There is no such file." in shown(app)
        await pilot.press("enter")
        assert isinstance(app.screen, CampaignsScreen)
        app.screen.query_one(Input).value = str(text)
        await pilot.pause()
        assert "✔ The model will read this text." in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, HeroChoiceScreen))
        await pilot.pause()
        await pilot.press("enter")
        overrides = app.calls[0][2]
        assert isinstance(overrides, tuple)
        assert ["file", str(text.resolve())] == [parse(override).value for override in overrides]


@pytest.mark.usefixtures("files")
async def test_escape() -> None:
    """Escape leaves the field first, the screen second."""
    app = ScreensHost(CampaignsScreen)
    async with app.run_test() as pilot:
        await ready(pilot, app, 3)
        await pilot.press("slash", "j", "escape")
        assert isinstance(app.screen, CampaignsScreen)
        assert app.screen.query_one(OptionList).has_focus
        await pilot.press("escape")
        assert not isinstance(app.screen, CampaignsScreen)


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        (b"words", ""),
        (b"", "This file is empty."),
        (b" \n ", "This file is empty."),
        (b"\xff\xfe\x00", "This file is not UTF-8 text."),
        (b"a\x00b", "This file holds NUL bytes: it is not a text."),
        ("ä".encode() * PEEK_BYTES, ""),
        (b"x" * (PEEK_BYTES - 1) + "ä".encode(), ""),
        (b"x" * (PEEK_BYTES + 5) + b"\xff", ""),
    ],
)
def test_text_trouble(content: bytes, trouble: str, tmp_path: Path) -> None:
    """What is plainly no text is refused at once, by its beginning; a character cut by the end of that beginning is no fault."""
    path = tmp_path / "text"
    path.write_bytes(content)
    assert trouble == text_trouble(str(path))


PATHS = [
    ("", ""),
    ("  ", ""),
    ("/", "This is not a text file."),
    ("a\0b", "There is no such file."),
    ("x" * 5000, "This file cannot be read"),
]


@pytest.mark.parametrize(("text", "trouble"), PATHS)
def test_paths(text: str, trouble: str) -> None:
    """No path is no trouble; folders and impossible names are."""
    assert text_trouble(text).startswith(trouble)
    assert bool(trouble) == bool(text_trouble(text))


def test_own_text_overrides(tmp_path: Path) -> None:
    """The path is absolute and quoted, so that YAML gives it back; an empty field changes nothing."""
    assert () == own_text_overrides(" ")
    assert ("data.corpus=file", f"data.path={json.dumps(str(tmp_path / 'a: b'))}") == own_text_overrides(str(tmp_path / "a: b"))
