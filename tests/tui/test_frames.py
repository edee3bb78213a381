"""Frame by frame: what stands on the screen at one moment is of one turn."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.fakes import FakeExpedition, FakeOutfitter, examined, fake_config
from support.frames import FrameApp, FrameHost, disagreement
from support.paths import CAMPAIGNS
from support.patience import PATIENCE
from support.playing import SIZE, Game, under_way
from support.screens_host import until
from textual.events import Key
from textual.screen import Screen
from textual.widgets import Input

from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.protocol.events import Event
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.expedition.cards import Card
from rolltrain_tui.tui.expedition.diagnosis import DiagnosisScreen
from rolltrain_tui.tui.expedition.expedition import ExpeditionScreen
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.screens.codex import CodexScreen
from rolltrain_tui.tui.screens.dialogs.choice import ChoiceDialog
from rolltrain_tui.tui.screens.hero_choice import HeroChoiceScreen
from rolltrain_tui.tui.screens.kinds.base import TavernScreen

pytestmark = pytest.mark.slow

KEYS = ["space", ".", "+", "-", "1", "2", "l", "z", "tab", "?", "escape", "d", "enter", "a", "v", "s", "r"]
SIZES = [(60, 18), (80, 24), (100, 30), (120, 36), (200, 60), SIZE]


class Busy(FakeExpedition):
    """A turn takes some milliseconds, as a small model's does."""

    def _turn(self, turn: int, inbox: Inbox) -> Iterator[Event]:
        time.sleep(0.004)
        yield from super()._turn(turn, inbox)


async def test_no_frame_of_a_run_at_full_speed_shows_two_turns(
    tmp_path: Path, count: Callable[[int, int], int], tally: Callable[[str], None]
) -> None:
    """Under any keys, cards and sizes, header, log, chart and die agree in every frame."""
    dice = random.Random(0)
    app = FrameApp(Launch(save=tmp_path, runs=tmp_path), FakeOutfitter(Busy(tmp_path, fake_config("turns=1000000"))))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: under_way(app))
        game = Game(app, pilot, FakeExpedition(tmp_path, fake_config()))
        await until(pilot, lambda: any(isinstance(screen, Card) for screen, _ in app.frames))  # a key may pause the run for good
        for _ in range(count(12, 1000)):
            if dice.random() < 0.1:
                await pilot.resize_terminal(*dice.choice(SIZES))
            elif isinstance(app.screen, ChoiceDialog):
                await pilot.press("escape")
            else:
                await pilot.press(dice.choice(KEYS))
            await pilot.pause(dice.choice((0, 0.02, 0.2)))
        turn = game.screen.scene.turn
        assert app.bridge is not None
        app.bridge.stop()
        assert app.bridge.join(PATIENCE)
    kinds = Counter(type(screen).__name__ for screen, _ in app.frames)
    assert {"ExpeditionScreen", "Card"} <= set(kinds)
    assert [] == [words for _, frame in app.frames if (words := disagreement(frame))]
    tally(f"frames read: {len(app.frames)} over {turn} turns")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_the_expedition_is_whole_at_its_first_frame(tmp_path: Path, size: tuple[int, int]) -> None:
    """Campaign, hero, log and keys stand there at once."""
    app = FrameApp(Launch(save=tmp_path, runs=tmp_path, explain=False), FakeOutfitter(Busy(tmp_path, fake_config("turns=1000000"))))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: any(isinstance(screen, ExpeditionScreen | Card) for screen, _ in app.frames))
        assert app.bridge is not None
        app.bridge.stop()
        assert app.bridge.join(PATIENCE)
    first = next("\n".join(frame) for screen, frame in app.frames if isinstance(screen, ExpeditionScreen | Card))
    for words in ("The Tiny GPT", "Brakka", "/1000000", "Diagnose"):
        assert words in first


def _hero() -> HeroChoiceScreen:
    path = CAMPAIGNS / "tiny_gpt.yaml"
    return HeroChoiceScreen(path, load(path), ())


WHOLE: dict[str, tuple[Callable[[], Screen[Any]], tuple[str, ...]]] = {
    "hero": (_hero, ("Choose a hero", "Brakka", "barian")),
    "diagnosis": (lambda: DiagnosisScreen(Scene.of([examined(150)]), fake_config()), ("after turn 150", "Gradient spike")),
    "codex": (CodexScreen, ("Search", "Start here")),
}


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
@pytest.mark.parametrize("name", WHOLE)
async def test_a_screen_is_whole_at_its_first_frame(name: str, size: tuple[int, int]) -> None:
    """What it is about stands there at once, and nothing was painted before that nobody saw."""
    make, words = WHOLE[name]
    app = FrameHost(make)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: any(isinstance(screen, TavernScreen) for screen, _ in app.frames))
    first = next("\n".join(frame) for screen, frame in app.frames if isinstance(screen, TavernScreen))
    for word in words:
        assert word in first
    assert not any(isinstance(screen, TavernScreen) for screen in app.in_vain)


async def test_what_is_typed_ahead_of_the_heroes_does_not_change_the_name() -> None:
    """The name waits for its own key."""
    app = FrameHost(_hero)
    async with app.run_test(size=SIZE) as pilot:
        for letter in "xyz":
            app.post_message(Key(letter, letter))
        await until(pilot, lambda: app.screen.focused is not None)
        name = app.screen.query_one("#name", Input)
        assert ("Brakka", False) == (name.value, name.has_focus)
        await pilot.press("n", "Z")
        assert "Z" == name.value
