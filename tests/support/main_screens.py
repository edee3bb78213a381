"""The main screens of the game, opened on fixed stories."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.app import App
from textual.screen import Screen

from rolltrain_tui.arena.agents.agents import Recipe, Shape
from rolltrain_tui.arena.agents.roster import Roster
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.duel.table.guests import fixed_guests
from rolltrain_tui.modes.duel.table.position import Rules
from rolltrain_tui.modes.duel.table.sitting import Sitting
from rolltrain_tui.modes.dungeon.table.outing import Outing
from rolltrain_tui.modes.dungeon.worlds.built_in import BuiltIn
from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.arena.hall import ArenaScreen
from rolltrain_tui.tui.duel.screen import DuelScreen
from rolltrain_tui.tui.dungeon.play import DungeonScreen
from rolltrain_tui.tui.expedition.diagnosis import DiagnosisScreen
from rolltrain_tui.tui.screens.campaigns import CampaignsScreen
from rolltrain_tui.tui.screens.codex import CodexScreen
from rolltrain_tui.tui.screens.ending import EndingScreen
from rolltrain_tui.tui.screens.hero_choice import HeroChoiceScreen
from rolltrain_tui.tui.screens.title import TitleScreen
from support.endings import story
from support.fakes import Asked, examined, fake_config
from support.paths import CAMPAIGNS
from support.playing import playing
from support.screens_host import ScreensHost, shown, until

SICK = {"temperature": 0.31, "update_ratio": 0.2}


def _hero_choice() -> Screen[Any]:
    path = CAMPAIGNS / "tiny_gpt.yaml"
    return HeroChoiceScreen(path, load(path), ())


SCREENS: dict[str, tuple[Callable[[], Screen[Any]], str]] = {
    "title": (TitleScreen, "New campaign"),
    "campaigns": (CampaignsScreen, "A language model"),
    "hero_choice": (_hero_choice, "Barbarian"),
    "diagnosis": (lambda: DiagnosisScreen(Scene.of([examined(150, **SICK)]), fake_config(), Asked()), "2 of 11 signals out of bounds"),
    "ending": (lambda: EndingScreen(story()), "VICTORY"),
    "codex": (CodexScreen, "BEGIN"),
    "arena": (ArenaScreen, "Wild"),
    "duel": (lambda: DuelScreen(Sitting(fixed_guests(Rules()), start=((3, 4, 1), (2, 4, 2), (0, 9, 9)))), "par: "),
    "dungeon": (lambda: DungeonScreen(Outing(BuiltIn(WorldSettings()), 7, None)), "You are in the"),
}
"""Each with words that show that it is drawn whole."""


@asynccontextmanager
async def opened(name: str, size: tuple[int, int], folder: Path, words: str = "") -> AsyncIterator[App[Any]]:
    """An app that shows the screen `name`, or "game", once its usual words or these are on it."""
    if name == "game":
        async with playing(folder, size=size) as game:
            await game.press("1")
            await game.play_to(31)
            await game.see("Loss Dragon")
            yield game.app
        return
    if name == "arena":
        roster = Roster(folder / "arena")
        roster.create("Tiny", Shape(n_embd=8, n_layer=1, n_head=2, context=8), Recipe(batch=2, warmup=2))
        roster.create("Wild", Shape(n_embd=8, n_layer=1, n_head=2, context=8), Recipe(batch=2, warmup=2, learning_rate=10.0))
    make, usual = SCREENS[name]
    app = ScreensHost(make, runs=folder)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: (words or usual) in shown(app))
        await app.workers.wait_for_complete()  # what a thread has looked up stands there too
        for _ in range(3):
            await pilot.pause()
        yield app
