"""Whatever a screen writes can be read, in every theme."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.contrast import contrast
from support.main_screens import SCREENS, opened
from textual.app import App
from textual.color import Color

from rolltrain_tui.tui.settings import remember
from rolltrain_tui.tui.themes import THEMES

pytestmark = pytest.mark.slow
READABLE, DISCERNIBLE = 4.5, 3.0
"""WCAG 2, AA: words; and what cannot be used now, of which it asks nothing."""


def words_on(app: App[Any]) -> Iterator[tuple[str, Color, Color]]:
    """Each run of words with its ink and its ground."""
    for strip in app.screen._compositor.render_strips():
        for text, style, _ in strip:
            if style is not None and any(char.isalnum() for char in text):
                assert style.color is not None
                assert style.bgcolor is not None
                yield text, Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)


def unusable(app: App[Any], ink: Color, ground: Color) -> bool:
    """Whether this ink is half of the theme's foreground, but for how it was rounded."""
    half = ground.blend(Color.parse(app.theme_variables["foreground"]), 0.5, alpha=1)
    return all(abs(a - b) <= 2 for a, b in zip(half.rgb, ink.rgb, strict=True))


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
@pytest.mark.parametrize("name", [*SCREENS, "game"])
async def test_words_stand_out(name: str, theme: str, tmp_path: Path) -> None:
    """Every word reaches 4.5:1 on its ground, and what cannot be used now 3:1."""
    remember("theme", theme)
    async with opened(name, (80, 24), tmp_path) as app:
        faint = [
            f"{ratio:.2f} {ink.hex} on {ground.hex}: {text}"
            for text, ink, ground in words_on(app)
            if (ratio := contrast(ink.hex, ground.hex)) < (DISCERNIBLE if unusable(app, ink, ground) else READABLE)
        ]
        assert [] == faint
