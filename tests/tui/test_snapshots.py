"""Pictures of the main screens, cell by cell as text, in the two sizes that people have. `pytest --regenerate` draws them anew."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.endings import story
from support.fakes import Asked, examined, fake_config
from support.paths import CAMPAIGNS
from support.playing import playing
from support.screens_host import ScreensHost, a_run, shown, until
from textual.screen import Screen

from rolltrain_tui.arena.agents import Recipe, Shape
from rolltrain_tui.arena.roster import Roster
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.story.codex import Page
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.arena.hall import ArenaScreen
from rolltrain_tui.tui.screens.codex import CodexScreen
from rolltrain_tui.tui.screens.diagnosis import DiagnosisScreen
from rolltrain_tui.tui.screens.ending import EndingScreen
from rolltrain_tui.tui.screens.hero_choice import HeroChoiceScreen
from rolltrain_tui.tui.screens.title import TitleScreen

PICTURES = Path(__file__).with_name("snapshots")
SIZES = {"80x24": (80, 24), "120x36": (120, 36)}
PAGES = [
    Page("rage", "Rage", "The hero", "# Rage\n\nUpdates ×1.5, see [the wizard](wizard.md).\n\n| level | k |\n|---|---|\n| 1 | 1.5 |"),
    Page("floor", "The floor", "The training", "# The floor\n\nEntropy, in nats."),
]
SICK = {"temperature": 0.31, "update_ratio": 0.2}


def hero_choice() -> Screen[Any]:
    path = CAMPAIGNS / "tiny_gpt.yaml"
    return HeroChoiceScreen(path, load(path), ())


SCREENS: dict[str, tuple[Callable[[], Screen[Any]], str]] = {
    "title": (TitleScreen, "3 saves"),
    "hero_choice": (hero_choice, "Barbarian"),
    "diagnosis": (lambda: DiagnosisScreen(Scene.of([examined(150, **SICK)]), fake_config(), Asked()), "2 of 11 signals out of bounds"),
    "ending": (lambda: EndingScreen(story()), "VICTORY"),
    "codex": (CodexScreen, "Updates ×1.5"),
    "arena": (ArenaScreen, "Wild"),
}
"""Each with words that show that it is drawn whole."""


@asynccontextmanager
async def opened(name: str, size: tuple[int, int], folder: Path) -> AsyncIterator[Callable[[], str]]:
    """A screen of this size; what it shows."""
    if name == "game":
        async with playing(folder, size=size) as game:
            await game.press("1")
            await game.play_to(31)
            await game.see("Loss Dragon")
            yield lambda: game.text
        return
    make, words = SCREENS[name]
    app = ScreensHost(make, runs=folder)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: words in shown(app))
        for _ in range(3):
            await pilot.pause()
        yield lambda: shown(app)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", [*SCREENS, "game"])
async def test_a_screen_looks_as_it_did(
    name: str, size: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, golden: Callable[[Path, str], None]
) -> None:
    """The characters of every line."""
    clock = 1_000_000.0
    runs = [a_run(f"run-{number}", saved_at=clock - 60 * number) for number in (1, 2, 3)]
    monkeypatch.setattr("rolltrain_tui.runs.saves.list_runs", lambda root: runs)
    monkeypatch.setattr("rolltrain_tui.tui.screens.title.time.time", lambda: clock)
    monkeypatch.setattr("rolltrain_tui.story.codex.pages", lambda: PAGES)
    monkeypatch.setattr("rolltrain_tui.tui.widgets.notice.NoticeLine.tick", lambda *now: None)  # what it says stays
    if name == "arena":
        roster = Roster(tmp_path / "arena")
        roster.create("Tiny", Shape(n_embd=8, n_layer=1, n_head=2, context=8), Recipe(batch=2, warmup=2))
        roster.create("Wild", Shape(n_embd=8, n_layer=1, n_head=2, context=8), Recipe(batch=2, warmup=2, learning_rate=10.0))
    async with opened(name, SIZES[size], tmp_path) as picture:
        golden(PICTURES / f"{name}-{size}.txt", picture())
