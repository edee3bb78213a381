"""Keys work on keyboards of other alphabets, and texts that are typed keep their letters."""

from pathlib import Path

import pytest
from support.screens_host import until
from textual.events import Key
from textual.widgets import Input

from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.screens.campaigns import CampaignsScreen
from rolltrain_tui.tui.screens.codex import CodexScreen
from rolltrain_tui.tui.screens.title import TitleScreen
from rolltrain_tui.tui.terminal.other_keyboards import on_the_latin_keyboard


@pytest.mark.parametrize(("typed", "meant"), [("й", "q"), ("Й", "Q"), ("т", "n"), ("і", "s"), ("σ", "s"), ("ק", "e"), ("ش", "a")])
def test_a_letter_is_the_key_in_its_place(typed: str, meant: str) -> None:
    """Cyrillic, Greek, Hebrew and Arabic letters stand in the places of the US keyboard's."""
    key = on_the_latin_keyboard(Key(typed, typed))
    assert (meant, meant) == (key.key, key.character)


@pytest.mark.parametrize("typed", ["q", "Q", "ä", "ß", "日", "é", "5", "?", " ", None])
def test_every_other_key_stays(typed: str | None) -> None:
    """Letters of Latin keyboards mean themselves, and so does what has no place on a keyboard."""
    key = Key("x", typed)
    assert key is on_the_latin_keyboard(key)


@pytest.mark.slow
async def test_a_russian_player(tmp_path: Path) -> None:
    """The title opens by the keys of the campaigns and the codex, and a search is Russian."""
    app = RolltrainApp(Launch(runs=tmp_path))
    async with app.run_test(size=(120, 36)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, TitleScreen) and app.screen.is_attached)
        await pilot.pause()
        await pilot.press("т")
        await until(pilot, lambda: isinstance(app.screen, CampaignsScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, TitleScreen))
        await pilot.press("с")
        await until(pilot, lambda: isinstance(app.screen, CodexScreen))
        await pilot.press("slash", "г", "о")
        assert "го" == app.screen.query_one(Input).value
