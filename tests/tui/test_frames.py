"""Frame by frame: what stands on the screen at one moment is of one turn."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.fakes import FakeExpedition, FakeOutfitter, fake_config
from support.frames import FrameApp, disagreement
from support.playing import SIZE, Game, under_way
from support.screens_host import until

from rolltrain_tui.protocol.events import Event
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.screens.cards import Card
from rolltrain_tui.tui.screens.dialogs import ChoiceDialog
from rolltrain_tui.tui.screens.expedition import ExpeditionScreen

pytestmark = pytest.mark.slow

KEYS = ["space", ".", "+", "-", "1", "2", "l", "z", "tab", "?", "escape", "d", "enter", "a", "v", "s", "r"]
SIZES = [(60, 18), (80, 24), (100, 30), (120, 36), (200, 60), SIZE]


class Busy(FakeExpedition):
    """A turn takes a millisecond, as a small model's does."""

    def _turn(self, turn: int, inbox: Inbox) -> Iterator[Event]:
        time.sleep(0.001)
        yield from super()._turn(turn, inbox)


@pytest.mark.parametrize("seed", range(2))
async def test_no_frame_of_a_run_at_full_speed_shows_two_turns(
    tmp_path: Path, seed: int, count: Callable[[int, int], int], tally: Callable[[str], None]
) -> None:
    """Under any keys, cards and sizes, header, log, chart and die agree in every frame."""
    dice = random.Random(seed)
    app = FrameApp(Launch(save=tmp_path, runs=tmp_path), FakeOutfitter(Busy(tmp_path, fake_config("turns=1000000"))))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: under_way(app))
        game = Game(app, pilot, FakeExpedition(tmp_path, fake_config()))
        for _ in range(count(60, 1000)):
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
        assert app.bridge.join(20)
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
        assert app.bridge.join(20)
    first = next("\n".join(frame) for screen, frame in app.frames if isinstance(screen, ExpeditionScreen | Card))
    for words in ("The Tiny GPT", "Brakka", "/1000000", "Diagnose"):
        assert words in first
