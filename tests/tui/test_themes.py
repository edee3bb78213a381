"""Themes: readable, told apart, remembered."""

import json
import os
from itertools import combinations
from pathlib import Path

import pytest
from support.contrast import contrast, linear
from support.screens_host import ScreensHost, until
from textual.color import Color
from textual.theme import Theme

from rolltrain_tui.tui.screens.kinds.base import HelpScreen
from rolltrain_tui.tui.settings import read_settings, remember, settings_path
from rolltrain_tui.tui.themes import BLUE_ORANGE, HIGH_CONTRAST, PARCHMENT, TAVERN, THEMES, TITLES, next_theme

DEUTERANOPIA = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
"""Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB."""


def lab(colour: str, seen: tuple[tuple[float, ...], ...] = ((1, 0, 0), (0, 1, 0), (0, 0, 1))) -> tuple[float, float, float]:
    """CIE L*a*b* of the colour as an eye with the matrix `seen` gets it (D65)."""
    rgb = [linear(channel) for channel in Color.parse(colour).rgb]
    red, green, blue = (min(1.0, max(0.0, sum(weight * value for weight, value in zip(row, rgb, strict=True)))) for row in seen)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (value ** (1 / 3) if value > 0.008856 else 7.787 * value + 16 / 116 for value in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_readable(theme: Theme) -> None:
    """Text reaches 7:1 on every ground, and every colour that writes words at least 4.5:1 (WCAG AAA and AA)."""
    for ground in (theme.background, theme.surface, theme.panel):
        assert contrast(str(theme.foreground), str(ground)) >= 7
    for ground in (theme.background, theme.surface):
        for colour in (theme.primary, theme.secondary, theme.accent, theme.success, theme.warning, theme.error):
            assert contrast(str(colour), str(ground)) >= 4.5


def test_high_contrast() -> None:
    """In the high-contrast theme every colour reaches 7:1 and text 20:1."""
    theme = HIGH_CONTRAST
    assert contrast(str(theme.foreground), str(theme.background)) >= 20
    muted = [theme.variables[name] for name in ("text-muted", "text-disabled", "foreground-muted", "foreground-disabled")]
    for colour in (theme.primary, theme.secondary, theme.accent, theme.success, theme.warning, theme.error, *muted):
        assert contrast(str(colour), str(theme.background)) >= 7


def test_good_and_bad_without_red_and_green() -> None:
    """To a deuteranope good, bad and warning of the blue-orange theme stay far apart (CIE76 distance over 40)."""
    colours = (BLUE_ORANGE.success, BLUE_ORANGE.error, BLUE_ORANGE.warning)
    good, bad, warning = (lab(str(colour), DEUTERANOPIA) for colour in colours)

    def apart(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
        return sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5

    assert apart(good, bad) > 60
    assert apart(good, warning) > 40
    assert apart(bad, warning) > 40


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_a_critical_hit_is_no_fumble(theme: Theme) -> None:
    """What gleams and what went wrong are far apart, as are good and bad (CIE76 distance over 40)."""
    for one in (theme.accent, theme.success):
        assert sum((a - b) ** 2 for a, b in zip(lab(str(one)), lab(str(theme.error)), strict=True)) ** 0.5 > 40


def test_four_themes() -> None:
    """Dark is the default, one is light, and all have names and titles of their own."""
    assert THEMES[0] is TAVERN
    assert [TAVERN.dark, PARCHMENT.dark] == [True, False]
    assert {theme.name for theme in THEMES} == set(TITLES)
    assert all(one.background != other.background for one, other in combinations(THEMES, 2))


def host() -> ScreensHost:
    return ScreensHost(lambda: HelpScreen([("x", "y")]))


async def test_the_default() -> None:
    """The first time the tavern is open, and all four themes are on offer."""
    app = host()
    async with app.run_test():
        assert "tavern" == app.theme
        assert {theme.name for theme in THEMES} <= set(app.available_themes)


async def test_the_choice_is_remembered() -> None:
    """A theme put on in one game is on in the next."""
    app = host()
    async with app.run_test() as pilot:
        app.theme = "blue-orange"
        await until(pilot, lambda: read_settings().get("theme") == "blue-orange")
    app = host()
    async with app.run_test():
        assert "blue-orange" == app.theme


@pytest.mark.parametrize("stored", ['{"theme": "gone"}', '{"theme": 3}', "[]", "{", "\x00\xff", ""])
async def test_unreadable_settings(stored: str) -> None:
    """Settings that make no sense are as good as none."""
    settings_path().parent.mkdir(parents=True, exist_ok=True)
    settings_path().write_text(stored, encoding="utf-8")
    app = host()
    async with app.run_test():
        assert "tavern" == app.theme


async def test_going_round() -> None:
    """The four themes follow each other; after a theme of Textual's comes the first."""
    app = host()
    async with app.run_test():
        names = [theme.name for theme in THEMES]
        seen = []
        for _ in names:
            next_theme(app)
            seen.append(app.theme)
        assert [*names[1:], names[0]] == seen
        app.theme = "nord"
        assert "Tavern, by night" == next_theme(app)


def test_settings_keep_each_other() -> None:
    """One setting is written without losing another, as plain JSON."""
    assert remember("theme", "parchment")
    assert remember("volume", 3)
    assert {"theme": "parchment", "volume": 3} == json.loads(settings_path().read_text(encoding="utf-8"))
    assert ["settings.json"] == [path.name for path in settings_path().parent.iterdir()]


def test_a_disk_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where settings cannot be written, the game goes on."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ROLLTRAIN_CONFIG", str(tmp_path / "file"))
    assert not remember("theme", "parchment")
    assert {} == read_settings()


def test_where_settings_live(monkeypatch: pytest.MonkeyPatch) -> None:
    """$ROLLTRAIN_CONFIG names the folder; without it the system's own place for rolltrain is taken."""
    assert Path(os.environ["ROLLTRAIN_CONFIG"]) / "settings.json" == settings_path()
    monkeypatch.delenv("ROLLTRAIN_CONFIG")
    assert ("rolltrain", "settings.json") == settings_path().parts[-2:]
