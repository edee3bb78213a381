"""An app that has what the screens beside the expedition ask of theirs, and writes down what they asked."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from rolltrain_tui.runs.saves import RunSummary
from rolltrain_tui.tui import themes
from support.at_rest import all_drawn
from support.patience import PATIENCE, named


class ScreensHost(App[None]):
    """Opens one screen; `calls` is the list of what was asked."""

    def __init__(self, first: Callable[[], Screen[Any]], runs: Path = Path("nowhere")) -> None:
        super().__init__()
        self.first = first
        self.runs = runs
        self.secretive = False
        self.torch_ready = False
        self.torch_line = ""
        self.calls: list[tuple[object, ...]] = []
        self.answers: list[object] = []

    def on_mount(self) -> None:
        themes.install(self)
        self.push_screen(self.first(), self.answers.append)

    def start_campaign(self, path: Path, overrides: tuple[str, ...]) -> None:
        self.calls.append(("start", path, overrides))

    def resume(self, path: Path) -> None:
        self.calls.append(("resume", path))

    def watch_replay(self, path: Path, *, over: Screen[Any] | None = None) -> None:
        self.calls.append(("watch", path))

    def branch(self, run: Path, turn: int, *, without: str = "") -> None:
        self.calls.append(("branch", run, turn, without))

    def to_title(self) -> None:
        self.calls.append(("title",))

    def open_codex(self, slug: str) -> None:
        self.calls.append(("codex", slug))

    def open_dungeon(self) -> None:
        self.calls.append(("dungeon",))

    async def action_quit(self) -> None:
        self.calls.append(("quit",))


def shown(app: App[Any]) -> str:
    """The characters on the screen, line by line."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def until(pilot: Pilot[Any], wish: Callable[[], object]) -> None:
    """Let the app work until the wish is true and the last picture drawn, for as long as a slow machine may need."""
    end, nap = time.monotonic() + PATIENCE, 0.005
    while not wish():
        assert time.monotonic() < end, f"did not come about: {named(wish)}; the screen shows\n{shown(pilot.app)}"
        await pilot.pause(nap)
        nap = min(1.1 * nap, 0.1)  # an app whose thread is busy with being asked draws seldom
    await all_drawn(pilot.app)


def a_run(name: str, **changes: Any) -> RunSummary:
    """A run in the middle of its way."""
    values = {
        "folder": Path("/saves") / name,
        "campaign": "The Tiny GPT",
        "hero": "Brakka",
        "hero_class": "barbarian",
        "level": 3,
        "turn": 412,
        "turns": 2000,
        "value": 2.31,
        "saved_at": 0.0,
        "ending": None,
    }
    return RunSummary(**(values | changes))
