"""The codex in the game."""

import pytest
from support.screens_host import ScreensHost, shown, until
from textual.widgets import Input, Markdown, OptionList

from rolltrain_tui.story.codex import Page, pages
from rolltrain_tui.tui.screens.codex import CodexScreen, matches, slug_of

pytestmark = pytest.mark.slow

PAGES = [
    Page(
        "rage",
        "Rage",
        "The hero",
        "# Rage\n\nUpdates ×1.5, see [the wizard](wizard.md#calm) and [outside](https://example.org).\n\n" + "More. " * 900,
    ),
    Page("wizard", "Wizard", "The hero", "# Wizard\n\nSteers the *learning rate*."),
    Page("floor", "The floor", "The training", "# The floor\n\nEntropy, in nats."),
]


@pytest.fixture
def few_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rolltrain_tui.story.codex.pages", lambda: PAGES)


def opened(app: ScreensHost) -> str:
    return app.screen.query_one(Markdown).source.split("\n")[0].removeprefix("# ")


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_the_real_codex(size: tuple[int, int]) -> None:
    """Every group and page of the codex is in the list, by what its title begins with where that names no other; the first page is open."""
    app = ScreensHost(CodexScreen)
    async with app.run_test(size=size) as pilot:
        first = pages()[0]
        await until(pilot, lambda: first.title == opened(app))
        await pilot.pause()
        entries = [str(option.prompt).strip() for option in app.screen.query_one(OptionList).options]
        names = [name for name in entries if name != name.upper()]
        assert all(page.title == name or page.title.startswith(f"{name}: ") for page, name in zip(pages(), names, strict=True))
        assert len(names) == len(set(names))
        assert {"Start here", "Scouts"} <= set(names)
        assert first.title in shown(app)
        assert first.group.upper() in shown(app)


@pytest.mark.usefixtures("few_pages")
async def test_moving_opens() -> None:
    """Moving in the list opens pages; headings are passed over."""
    app = ScreensHost(CodexScreen)
    async with app.run_test() as pilot:
        await until(pilot, lambda: opened(app) == "Rage")
        await pilot.press("j", "down")
        await until(pilot, lambda: opened(app) == "The floor")
        await pilot.press("k")
        await until(pilot, lambda: opened(app) == "Wizard")


@pytest.mark.usefixtures("few_pages")
async def test_opening_at_a_page() -> None:
    """The screen can be opened at a page; an unknown one is named and the first stays open."""
    app = ScreensHost(lambda: CodexScreen("floor"))
    async with app.run_test() as pilot:
        await until(pilot, lambda: opened(app) == "The floor")
    app = ScreensHost(lambda: CodexScreen("[/]"))
    async with app.run_test(notifications=True) as pilot:
        await until(pilot, lambda: opened(app) == "Rage")
        await until(pilot, lambda: "The codex has no page '[/]'." in shown(app))


@pytest.mark.usefixtures("few_pages")
async def test_search() -> None:
    """/ searches titles and texts while typing; Enter goes to what was found; Escape shows all again, then closes."""
    app = ScreensHost(CodexScreen)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: opened(app) == "Rage")
        await pilot.press("slash", *"ENTROPY")
        await until(pilot, lambda: opened(app) == "The floor")
        await pilot.pause()
        assert "1 of 3 pages" in shown(app)
        await pilot.press("enter")
        assert app.screen.query_one(OptionList).has_focus
        await pilot.press("slash", *"zzz")
        await pilot.pause()
        assert "No page speaks of that." in shown(app)
        await pilot.press("escape")
        assert ("", True) == (app.screen.query_one(Input).value, isinstance(app.screen, CodexScreen))
        await pilot.press("escape")
        assert not isinstance(app.screen, CodexScreen)


@pytest.mark.usefixtures("few_pages")
async def test_links_lead_to_pages() -> None:
    """A link to a page opens it, also out of a search that does not show it; one to the outside is only named."""
    app = ScreensHost(CodexScreen)
    async with app.run_test(notifications=True) as pilot:
        await until(pilot, lambda: opened(app) == "Rage")
        app.screen.query_one(Input).value = "1.5"
        await pilot.pause()
        text = app.screen.query_one(Markdown)
        text.post_message(Markdown.LinkClicked(text, "wizard.md#calm"))
        await until(pilot, lambda: opened(app) == "Wizard")
        text.post_message(Markdown.LinkClicked(text, "https://example.org"))
        await until(pilot, lambda: "leads out of the game" in shown(app))
        assert "Wizard" == opened(app)


@pytest.mark.usefixtures("few_pages")
async def test_reading_on() -> None:
    """Space and b turn a long page, and a new page begins at its top."""
    app = ScreensHost(CodexScreen)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: opened(app) == "Rage" and app.screen.query_one("#codex-page").max_scroll_y > 40)
        page = app.screen.query_one("#codex-page")
        await pilot.press("space", "space")
        down = page.scroll_y
        await pilot.press("b")
        assert 0 < page.scroll_y < down
        await pilot.press("j")
        await until(pilot, lambda: opened(app) == "Wizard")
        assert 0 == page.scroll_y


@pytest.mark.parametrize(("words", "expected"), [("", True), ("rage 1.5", True), ("HERO", True), ("rage wizardry", False)])
def test_matches(words: str, expected: bool) -> None:
    """Every word must stand somewhere, in any order and case."""
    assert expected == matches(PAGES[0], words)


@pytest.mark.parametrize("href", ["rage", "rage.md", "codex:rage", "../heroes/rage.md#proof", "rage#x"])
def test_slug_of(href: str) -> None:
    """Links may be written in several ways."""
    assert "rage" == slug_of(href)
