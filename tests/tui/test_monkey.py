"""Keys, clicks, scrolls, pastes and sizes at random, on whatever screen they lead to."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from support.evolving import evolution, told
from support.fakes import FakeExpedition, FakeOutfitter, fake_config
from support.patience import PATIENCE
from support.screens_host import until
from textual.events import AppBlur, AppFocus, Event, Key, MouseDown, MouseMove, MouseScrollDown, MouseScrollUp, MouseUp, Paste, Resize
from textual.geometry import Size
from textual.screen import Screen

from rolltrain_tui.base.jobs import Died, Executor, J, R, Stopped
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.experiment.evolution.course import Evolution
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.evolution.screen import EvolutionScreen
from rolltrain_tui.tui.launch import Launch

DEEDS = 60
SIZES = ((20, 5), (40, 12), (60, 18), (80, 24), (120, 36), (200, 60))
PASTES = ("hello", "\x1b[2J\x07", "🙂 שלום \u202eabc", "x" * 10_000, "a\nb\r\n\tc", "-1e309", "[bold]x[/")
ENDS = ("ctrl+q", "ctrl+z")
"""They end the game, or stop this very process."""
OTHERS = ("f2", "ctrl+t", "é", "я", "delete", "backspace", "left", "right", "9", "enter", "escape", "space")


def deed(dice: random.Random, screen: Screen[object]) -> Sequence[Event]:
    """What a hand does in a moment."""
    width, height = screen.app.size
    x, y = dice.randrange(width), dice.randrange(height)
    at = (None, x, y, 0, 0, 1, False, False, False, x, y)
    match dice.choices(("key", "click", "scroll", "size", "paste", "focus"), (60, 12, 6, 12, 6, 4))[0]:
        case "key":
            key = dice.choice([*(key for key in screen.active_bindings if key not in ENDS), *OTHERS])
            return [Key(key, key if len(key) == 1 else None)] * dice.choice((1, 1, 1, 8))
        case "click":
            return [MouseMove(*at), *[MouseDown(*at), MouseUp(*at)] * dice.choice((1, 2))]
        case "scroll":
            return [dice.choice((MouseScrollDown, MouseScrollUp))(*at)] * dice.choice((1, 20))
        case "size":
            return [Resize(size, size) for size in (Size(*dice.choice(SIZES)) for _ in range(dice.choice((1, 1, 10))))]
        case "paste":
            return [Paste(dice.choice(PASTES))]
        case _:
            return [AppBlur(), AppFocus()][: dice.choice((1, 2))]


async def press_about(app: RolltrainApp, dice: random.Random) -> None:
    """Deeds on whatever screen is open, then out."""
    async with app.run_test(size=dice.choice(SIZES[2:]), notifications=True) as pilot:
        answered = asyncio.Event()
        assert app._driver is not None
        for _ in range(DEEDS):
            if app.return_code is not None:
                break
            for event in deed(dice, app.screen):
                app._driver.send_message(event)
            answered.clear()
            app.call_later(answered.set)
            await until(pilot, lambda: answered.is_set() or app.return_code is not None)
        if app.return_code is None and app._going != "quit":  # asked twice, it would not wait for the save
            app._driver.send_message(Key("ctrl+q", None))
        await until(pilot, lambda: app.return_code is not None)
    assert app.return_code == 0
    assert app.bridge is None or app.bridge.join(PATIENCE)


async def play_about(tmp_path: Path, dice: random.Random) -> None:
    expedition = FakeExpedition(tmp_path, fake_config(f"turns={dice.choice((40, 1_000_000))}"), said="[/] \x1b[31m and so on")
    launch = Launch(save=tmp_path, runs=tmp_path, explain=dice.random() < 0.5, votes=dice.random() < 0.3, presenter=dice.random() < 0.3)
    app = RolltrainApp(launch, FakeOutfitter(expedition))
    await press_about(app, dice)


@pytest.mark.parametrize("seed", range(2))
async def test_nothing_that_hands_do_harms_the_game(tmp_path: Path, seed: int, count: Callable[[int, int], int]) -> None:
    """It answers until the end, and then saves and leaves in order."""
    for attempt in range(count(1, 50)):
        await play_about(tmp_path, random.Random(1000 * seed + attempt))


def strolling(made: Evolution, pause: float) -> Executor:
    """Members that take their time."""

    def execute(work: Callable[[J], R], jobs: Sequence[J], stopped: Stopped) -> Iterator[tuple[J, R | Died]]:
        for found in told(made, fail=True)(work, jobs, stopped):
            time.sleep(pause)
            yield found

    return execute


@pytest.mark.parametrize("seed", range(2))
async def test_nothing_that_hands_do_harms_an_evolution(
    tmp_path: Path, tiny_config: Callable[..., CampaignConfig], seed: int, count: Callable[[int, int], int]
) -> None:
    """While its members train, and when it is over."""
    for attempt in range(count(1, 20)):
        dice = random.Random(7000 + 100 * seed + attempt)
        folder = tmp_path / str(attempt)
        folder.mkdir()
        made = evolution(tiny_config(), folder, population=dice.choice((2, 4, 40)))
        execute = strolling(made, dice.choice((0.0, 0.02, 0.2)))
        launch = Launch(screen=lambda made=made, execute=execute: EvolutionScreen(made, execute), runs=folder)  # type: ignore[misc]
        await press_about(RolltrainApp(launch, FakeOutfitter(error=ValueError("no torch"))), dice)
