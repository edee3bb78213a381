"""Whatever a screen writes can be read, in every theme."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.color import ColorSystem
from support.at_rest import all_drawn
from support.contrast import contrast
from support.fakes import FakeOutfitter
from support.main_screens import SCREENS, opened
from support.screens_host import shown, until
from textual.app import App
from textual.color import Color
from textual.screen import Screen
from textual.theme import Theme

from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.screens.campaigns import CampaignsScreen
from rolltrain_tui.tui.screens.dialogs.choice import delete_dialog, quit_dialog
from rolltrain_tui.tui.themes import THEMES

pytestmark = pytest.mark.slow
READABLE, DISCERNIBLE = 4.5, 3.0
"""WCAG 2, AA: words; and what cannot be used now, of which it asks nothing."""


def words_on(app: App[Any]) -> Iterator[tuple[str, Color, Color]]:
    """Each run of words with its ink and its ground; of a dialog only its own."""
    places = [dialog.region for dialog in app.screen.query("#dialog")] or [app.screen.region]
    strips = app.screen._compositor.render_strips()
    for strip in (strips[y].crop(place.x, place.right) for place in places for y in range(place.y, place.bottom)):
        for text, style, _ in strip:
            if style is not None and any(char.isalnum() for char in text):
                assert style.color is not None
                assert style.bgcolor is not None
                yield text, Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)


def unusable(app: App[Any], ink: Color, ground: Color) -> bool:
    """Whether this ink is the theme's for what cannot be used, but for how it was rounded."""
    disabled = Color.parse(app.theme_variables["foreground-disabled"])
    faint = ground.blend(disabled, disabled.a, alpha=1)
    return all(abs(a - b) <= 2 for a, b in zip(faint.rgb, ink.rgb, strict=True))


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_of_sixteen_colours_quiet_words_differ_from_their_ground(theme: Theme) -> None:
    """What explains and what cannot be used now reach 3:1 on every ground of the theme, in the nearest of the colours."""
    known = theme.to_color_system().generate()
    for ground in map(Color.parse, (known["background"], known["surface"], known["panel"])):
        for ink in map(Color.parse, (known["foreground-muted"], known["foreground-disabled"])):
            pair = [
                Color.from_rich_color(c.rich_color.downgrade(ColorSystem.STANDARD)) for c in (ground.blend(ink, ink.a, alpha=1), ground)
            ]
            assert contrast(pair[0].hex, pair[1].hex) >= DISCERNIBLE, (ink.hex, ground.hex)


async def in_each_theme(app: App[Any]) -> AsyncIterator[str]:
    """The themes' names, one after the other, each once the screen is drawn in it."""
    for theme in THEMES:
        app.theme = theme.name
        await all_drawn(app)
        yield theme.name


@pytest.mark.parametrize("name", [*SCREENS, "game"])
async def test_words_stand_out(name: str, tmp_path: Path) -> None:
    """Every word reaches 4.5:1 on its ground, and what cannot be used now 3:1."""
    async with opened(name, (80, 24), tmp_path) as app:
        faint = [
            f"{theme}: {ratio:.2f} {ink.hex} on {ground.hex}: {text}"
            async for theme in in_each_theme(app)
            for text, ink, ground in words_on(app)
            if (ratio := contrast(ink.hex, ground.hex)) < (DISCERNIBLE if unusable(app, ink, ground) else READABLE)
        ]
        assert [] == faint


CHOICES: dict[str, tuple[Callable[[], Screen[Any]], str]] = {
    "leave": (quit_dialog, "Stay"),
    "delete": (lambda: delete_dialog("Delete this save?", "Brakka"), "Keep it"),
    "campaigns": (CampaignsScreen, "A language model"),
}


@pytest.mark.parametrize("name", CHOICES)
async def test_of_sixteen_colours_what_is_selected_can_be_read(name: str, tmp_path: Path) -> None:
    """A terminal of so few colours shows the nearest of each: every word still reaches 3:1, whichever choice is selected."""
    screen, words = CHOICES[name]
    app = RolltrainApp(Launch(runs=tmp_path, screen=screen), FakeOutfitter())
    app.console._color_system = ColorSystem.STANDARD
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: words in shown(app))
        for key in ("right", "down"):
            faint = [
                f"{theme}: {ratio:.2f} {ink.hex} on {ground.hex}: {text}"
                async for theme in in_each_theme(app)
                for text, *pair in words_on(app)
                for ink, ground in [[Color.from_rich_color(colour.rich_color.downgrade(ColorSystem.STANDARD)) for colour in pair]]
                if (ratio := contrast(ink.hex, ground.hex)) < DISCERNIBLE
            ]
            assert [] == faint
            await pilot.press(key)
            await pilot.pause()
