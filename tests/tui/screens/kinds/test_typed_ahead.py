"""Keys that come before their screen, and calls that come after it."""

import asyncio
import importlib
import inspect
import pkgutil
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.fakes import FakeExpedition, FakeOutfitter, fake_config
from support.paths import CAMPAIGNS
from support.patience import PATIENCE
from support.playing import SIZE
from support.screens_host import until
from textual.events import Key, MouseDown
from textual.screen import Screen
from textual.widgets._toast import Toast

from rolltrain_tui import tui
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.screens.kinds.while_open import GUARDED

LATER = re.compile(r"(?:call_after_refresh|call_later|call_next|set_timer|set_interval)\((?:[\w.]+, )?self\.(\w+)\b(?!\.)")
KEYS = [("enter", "\r")] * 6 + [
    ("space", " "),
    ("escape", "\x1b"),
    ("q", "q"),
    ("d", "d"),
    ("n", "n"),
    ("question_mark", "?"),
    ("down", None),
]


def screen_classes() -> Iterator[type[Screen[Any]]]:
    """Every screen of the game."""
    for found in pkgutil.walk_packages(tui.__path__, f"{tui.__name__}."):
        module = importlib.import_module(found.name)
        for row in vars(module).values():
            if inspect.isclass(row) and issubclass(row, Screen) and row.__module__ == module.__name__:
                yield row


@pytest.mark.parametrize("screen", list(screen_classes()), ids=lambda screen: screen.__name__)
def test_what_is_called_later_does_nothing_once_its_screen_has_gone(screen: type[Screen[Any]]) -> None:
    """Callbacks, timers, messages and resizes of every screen are guarded."""
    later = set(LATER.findall(inspect.getsource(screen))) | {"on_mount", "on_resize", "on_screen_resume"}
    bare = [
        name
        for name, method in vars(screen).items()
        if (name in later or hasattr(method, "_textual_on")) and inspect.isfunction(method) and not hasattr(method, GUARDED)
    ]
    assert [] == bare


@pytest.mark.slow
async def test_a_click_on_a_notice_that_has_just_gone_does_no_harm(tmp_path: Path) -> None:
    """As the second of two quick clicks: the notice is still in the picture, and nobody is its parent any more."""
    app = RolltrainApp(Launch(runs=tmp_path), FakeOutfitter())
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        app.notify("words")
        await until(pilot, lambda: any(notice.region for notice in app.screen.query(Toast)))
        notice = app.screen.query_one(Toast)
        x, y = notice.region.x + 3, notice.region.y + 1
        holder, notice._parent = notice._parent, None  # as its removal does, before the next picture
        await app.on_event(MouseDown(None, x, y, 0, 0, 1, False, False, False, screen_x=x, screen_y=y))
        assert app.screen.get_widget_and_offset_at(x, y)[0] is notice
        notice._parent = holder
    assert app._exception is None


@pytest.mark.slow
async def test_keys_typed_ahead_of_any_screen_do_no_harm(tmp_path: Path, count: Callable[[int, int], int]) -> None:
    """Enter and other keys at once, before, while and after screens change: title, campaigns, hero, loading, run, cards, ending."""
    dice = random.Random(5)
    for attempt in range(count(4, 200)):
        outfitter = FakeOutfitter(FakeExpedition(tmp_path, fake_config(f"turns={dice.choice((3, 1_000_000))}")))
        outfitter.before = lambda: time.sleep(dice.choice((0, 0.05)))
        campaign = dice.choice((None, CAMPAIGNS / "tutorial.yaml", CAMPAIGNS / "tiny_gpt.yaml"))
        app = RolltrainApp(Launch(campaign=campaign, save=dice.choice((None, tmp_path)), runs=tmp_path), outfitter)
        async with app.run_test(size=SIZE) as pilot:
            for _ in range(dice.randint(3, 25)):
                key, character = ("enter", "\r") if attempt % 2 == 0 else dice.choice(KEYS)
                app.post_message(Key(key, character))
                await asyncio.sleep(dice.choice((0, 0, 0.001, 0.02)))
                if dice.random() < 0.1:
                    await pilot.resize_terminal(*dice.choice(((60, 18), (80, 24), SIZE)))
            if app.bridge is not None:
                app.bridge.stop()
                assert app.bridge.join(PATIENCE)
            app.exit()
        assert app._exception is None
