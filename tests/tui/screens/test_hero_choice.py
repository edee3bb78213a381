"""The choice of a hero."""

import importlib
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.paths import CAMPAIGNS, TESTS
from support.screens_host import ScreensHost, shown
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.config.game_sections import HeroConfig
from rolltrain_tui.config.overrides import parse
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.rules.classes.abilities import ABILITIES
from rolltrain_tui.rules.classes.classes import CLASSES, HeroClass
from rolltrain_tui.tui.screens.hero_choice import HeroChoiceScreen, hero_overrides
from rolltrain_tui.tui.screens.kinds.base import HelpScreen, keys_of
from rolltrain_tui.tui.widgets.hero_card import HeroCard

pytestmark = pytest.mark.slow

PATH = CAMPAIGNS / "tiny_gpt.yaml"
SIZES = [(80, 24), (200, 60)]


@pytest.fixture(scope="module")
def campaign() -> CampaignConfig:
    return load(PATH)


def host(campaign: CampaignConfig, *overrides: str) -> ScreensHost:
    return ScreensHost(lambda: HeroChoiceScreen(PATH, campaign, overrides))


def begun(app: ScreensHost) -> CampaignConfig:
    """The campaign as the last start would play it."""
    kind, path, overrides = app.calls[-1]
    assert ("start", PATH) == (kind, path)
    assert isinstance(overrides, tuple)
    return load(PATH, overrides)


@pytest.mark.parametrize("size", SIZES)
async def test_enter_at_once(size: tuple[int, int], campaign: CampaignConfig) -> None:
    """Enter at once takes the campaign's own hero and passes on what was chosen before."""
    app = host(campaign, "data.corpus=names")
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.press("enter")
        assert [("start", PATH, ("data.corpus=names",))] == app.calls


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 60)])
async def test_the_campaigns_own_class_is_chosen_first(size: tuple[int, int]) -> None:
    """Whichever it is: who just sets out plays the hero that the campaign is about."""
    wizard = load(PATH, ("hero.hero_class=wizard", "hero.auto=[]"))
    app = host(wizard)
    async with app.run_test(size=size) as pilot:
        for _ in range(4):
            await pilot.pause()
        assert isinstance(app.screen, HeroChoiceScreen)
        assert "wizard" == app.screen.picked
        await pilot.press("enter")
        assert [("start", PATH, ())] == app.calls


async def test_cards_are_chosen_with_arrows(campaign: CampaignConfig) -> None:
    """At 120 columns the cards stand side by side; left and right choose, round the ends, and the chosen one says so in words."""
    app = host(campaign)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        for key, picked in (("right", "wizard"), ("l", "rogue"), ("left", "wizard"), ("h", "barbarian"), ("h", "paladin")):
            await pilot.press(key)
            assert [picked] == [card.hero_class.name for card in app.screen.query(HeroCard) if card.picked]
        await pilot.pause()
        assert "▸ chosen" in shown(app)
        await pilot.press("enter")
        assert "paladin" == begun(app).hero.hero_class


async def test_list_at_80_columns(campaign: CampaignConfig) -> None:
    """At 80 columns a list stands beside the page of the class it points at."""
    app = host(campaign)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert app.screen.query_one(OptionList).has_focus
        await pilot.press("down")
        await pilot.pause()
        assert CLASSES["wizard"].motto.split(":")[0] in shown(app)
        await pilot.press("enter")
        assert "wizard" == begun(app).hero.hero_class


@pytest.fixture
async def pages(campaign: CampaignConfig, kept_pages: dict[str, str]) -> dict[str, str]:
    """By class, the screen at 160x60 where it is chosen. One app shows all of them."""
    if not kept_pages:
        app = host(campaign)
        async with app.run_test(size=(160, 60)) as pilot:
            await pilot.pause()
            for name in CLASSES:
                app.screen.picked = name  # type: ignore[attr-defined]
                await pilot.pause()
                kept_pages[name] = shown(app)
    return kept_pages


@pytest.fixture(scope="module")
def kept_pages() -> dict[str, str]:
    return {}


@pytest.mark.parametrize("row", CLASSES.values(), ids=CLASSES)
async def test_the_page_tells_everything(row: HeroClass, pages: dict[str, str]) -> None:
    """The chosen class shows title, difficulty and both abilities with their charges, below the cards of all."""
    screen = pages[row.name]
    for text in (row.difficulty, *(ABILITIES[name].title for name in row.abilities), *(each.title for each in CLASSES.values())):
        assert text in screen


async def test_charges_are_told(campaign: CampaignConfig) -> None:
    """At 120x36 the chosen class's first ability is told with its charges and its cost."""
    app = host(campaign)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        screen = shown(app)
        assert "2 per long rest, a bonus action" in screen


async def test_a_click_chooses(campaign: CampaignConfig) -> None:
    """A click on a card chooses its class and starts nothing."""
    app = host(campaign)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        await pilot.click("#row HeroCard:last-of-type", offset=(8, 3))
        assert ("paladin", []) == (app.screen.picked, app.calls)  # type: ignore[attr-defined]


async def name(pilot: Pilot[None], text: str) -> None:
    await pilot.press("n")
    pilot.app.screen.query_one(Input).value = text
    await pilot.press("enter", "escape")


NAMES = ["Grog", 'Say "hi": {x}', "yes", "1e3", "Þóra # the second", "[b]x[/b]", "null", "'"]


async def test_names(campaign: CampaignConfig) -> None:
    """A name is taken as it was typed, whatever YAML would make of it."""
    app = host(campaign)
    async with app.run_test() as pilot:
        await pilot.pause()
        for text in NAMES:
            await name(pilot, text)
            assert text == begun(app).hero.name


async def test_typing_a_name(campaign: CampaignConfig) -> None:
    """Keys that choose elsewhere are letters in the name field; at most 24 of them; Escape goes back to the classes."""
    app = host(campaign)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("n", *"slhn", *("x" * 30))
        assert "slhn" + "x" * 20 == app.screen.query_one(Input).value
        await pilot.press("escape")
        assert isinstance(app.screen, HeroChoiceScreen)
        assert not app.screen.query_one(Input).has_focus


async def test_array_and_points(campaign: CampaignConfig) -> None:
    """In the scores, m goes from the campaign's own to the array, where right swaps, and to points, where right buys."""
    app = host(campaign)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("s", "m", "down", "right", "enter")
        assert {"STR": 15, "DEX": 13, "CON": 14, "INT": 12, "WIS": 10, "CHA": 8} == begun(app).hero.stats.model_dump()
        await pilot.press("m", "right", "right", "k", "right", "enter")
        assert {"STR": 9, "DEX": 10, "CON": 8, "INT": 8, "WIS": 8, "CHA": 8} == begun(app).hero.stats.model_dump()
        await pilot.press("m", "enter")
        assert [("start", PATH, ())] == app.calls[-1:]


async def test_the_array_follows_the_class(campaign: CampaignConfig) -> None:
    """A wizard's array puts its best score into INT."""
    app = host(campaign)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        await pilot.press("right", "s", "m", "enter")
        assert 15 == begun(app).hero.stats.INT


async def test_the_points_left_are_shown(campaign: CampaignConfig) -> None:
    """Buying says how many points are left."""
    app = host(campaign)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("s", "m", "m", *["right"] * 7)
        await pilot.pause()
        assert "18 left" in shown(app)
        assert "9 pt" in shown(app)
        assert "Weight Wraith" in shown(app)


async def test_escape_and_help(campaign: CampaignConfig) -> None:
    """Escape leads from the scores to the classes and from there out; ? lists the keys."""
    app = host(campaign)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("escape", "s", "escape")
        assert isinstance(app.screen, HeroChoiceScreen)
        await pilot.press("escape")
        assert not isinstance(app.screen, HeroChoiceScreen)


async def test_resizing_keeps_the_choice(campaign: CampaignConfig) -> None:
    """From cards to list and back, the chosen class stays and the keys still reach it."""
    app = host(campaign)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        await pilot.press("right")
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert app.screen.query_one(OptionList).has_focus
        await pilot.resize_terminal(120, 36)
        await pilot.pause()
        await pilot.press("enter")
        assert "wizard" == begun(app).hero.hero_class


async def test_the_page_keys_read_the_page(campaign: CampaignConfig) -> None:
    """At 80 columns the page is longer than its box, which names the key. The class stays, and the help tells no keys that scroll lists."""
    app = host(campaign)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        picked, details = app.screen.picked, app.screen.query_one("#details")  # type: ignore[attr-defined]
        assert "pgdn reads on" in shown(app)
        await pilot.press("pagedown")
        assert (app.screen.picked, details.scroll_y > 0) == (picked, True)  # type: ignore[attr-defined]
        told = {words: keys for keys, words in keys_of(app.screen)}
        assert told["Turn the page's text on"] == "pgdn"
        assert told["The next class, or the one before (also h, l)"].startswith("← →")
        assert not [words for words in told if words.startswith(("Scroll", "Page", "Cursor"))]


async def test_six_classes(campaign: CampaignConfig) -> None:
    """With six classes all titles stand side by side at 120 columns, the chosen one's abilities below, and the last can be chosen."""
    app = host(campaign)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        screen = shown(app)
        assert [] == [each.title for each in CLASSES.values() if each.title not in screen]
        assert "◆ Rage" in screen
        await pilot.press("left")
        assert "paladin" == app.screen.picked  # type: ignore[attr-defined]


@cache
def own_hero() -> HeroConfig:
    return load(PATH).hero


@given(text=st.text(max_size=24))
def test_any_name_comes_back(text: str) -> None:
    """The override of a name, read as YAML, is that name; an empty one leaves the campaign's."""
    hero = own_hero()
    wanted = flat(text)
    changes = hero_overrides(hero, name=wanted, hero_class=hero.hero_class, stats=hero.stats.model_dump())
    assert [wanted.strip()] * bool(wanted.strip() and wanted.strip() != hero.name) == [parse(change).value for change in changes]


def test_another_class_drops_the_own_classes_habits(campaign: CampaignConfig) -> None:
    """What the campaign's hero does by itself belongs to its class, so another class begins without it."""
    hero = campaign.hero.model_copy(update={"auto": ["rage"]})
    changes = hero_overrides(hero, name="", hero_class="wizard", stats=hero.stats.model_dump())
    assert ("hero.hero_class=wizard", "hero.auto=[]") == changes


@pytest.fixture
def bard(monkeypatch: pytest.MonkeyPatch) -> HeroClass:
    """The worked example of a plug-in, as if it were installed."""
    monkeypatch.syspath_prepend(TESTS / "plugin_example")
    rows = importlib.import_module("rolltrain_bard")
    monkeypatch.setattr(CLASSES, "_from_plugins", {"bard": rows.BARD})
    monkeypatch.setattr(ABILITIES, "_from_plugins", {"crescendo": rows.CRESCENDO, "lullaby": rows.LULLABY})
    found: HeroClass = rows.BARD
    return found


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_plugins_class_can_be_chosen(size: tuple[int, int], campaign: CampaignConfig, bard: HeroClass) -> None:
    """It stands behind the house's, with its motto and its abilities, and Enter sets out with it."""
    app = host(campaign)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.screen.picked = "bard"  # type: ignore[attr-defined]
        await pilot.pause()
        assert "Bard" in shown(app)
        assert "Crescendo" in " ".join(str(sheet.render()) for sheet in app.screen.query("#details > HeroSheet *")) + shown(app)
        await pilot.press("enter")
        _, _, overrides = app.calls[-1]
        assert "hero.hero_class=bard" in overrides  # type: ignore[operator]
