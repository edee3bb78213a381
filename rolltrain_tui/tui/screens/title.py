"""The title: it appears at once, while PyTorch is still loading behind it."""

import time
from collections.abc import Callable
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Center, Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.tui.opening import DIE, HIGH, LOGO, MENU, NAME, NEEDS_RUNS, NO_RUNS, TAGLINE, TUMBLE, WAITING, WIDE
from rolltrain_tui.tui.screens.kinds.saves_screen import SavesScreen, hero_of
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.widgets.footer import KeyFooter
from rolltrain_tui.tui.widgets.menu import Menu, MenuItem
from rolltrain_tui.tui.wording.words import age, fit, loss

if TYPE_CHECKING:
    from rolltrain_tui.runs.saves import RunSummary

TUMBLE_SECONDS = 0.4
LIST_AFTER = 0.05
"""Seconds after the screen was drawn, so that the terminal has the picture before another thread takes the interpreter."""


def die(number: int) -> Content:
    """The d20, seven lines of up to thirteen cells, showing `number`."""
    above, below = DIE.split("{}")
    return Content.assemble(above, (f"{number:^3}", "bold $accent"), below)


def facts(run: "RunSummary", now: float, width: int) -> str:
    """A save in one line: "Brakka, Barbarian 3 · The Tiny GPT · turn 412 · val 2.31 · 4 min ago"."""
    parts = (hero_of(run), flat(run.campaign), f"turn {run.turn}", f"{flat(run.label)} {loss(run.value)}", age(run.saved_at, now))
    return fit(parts, (4, 3, 1), width)


class TitleScreen(SavesScreen):
    """The way in. Saves are listed after the first paint; the die tumbles until torch is ready."""

    CSS_PATH = "title.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "nothing", "", show=False),
        Binding("t", "theme", "Theme", tooltip="Another theme: by night, by day, high contrast, blue and orange"),
        Binding("q", "leave", "Quit", show=False),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (HIGH, "-high")]

    def __init__(self) -> None:
        super().__init__()
        self._runs: list[RunSummary] = []
        self._faces = cycle(TUMBLE)
        self._line = ""

    def compose(self) -> ComposeResult:
        with Vertical(id="title"):
            with Center(), Horizontal(id="banner"):
                yield Static(die(TUMBLE[-1]), id="die")
                yield Static(Content(LOGO), id="logo")
            yield Static(Content(TAGLINE), id="tagline")
            with Center():
                yield Menu(self._items(), id="menu")
        yield Static("", id="torch")
        yield KeyFooter()

    @while_open
    def on_mount(self) -> None:
        self.query_one(Menu).focus()
        self._watch = self.set_interval(TUMBLE_SECONDS, self._look_at_torch)
        self._look_at_torch()

    @while_open
    def on_resize(self) -> None:
        whole = self.size.width >= max(map(len, LOGO.splitlines()))
        logo = self.query_one("#logo", Static)
        logo.update(Content(LOGO if whole else f"{NAME:^{self.size.width}}"))
        logo.styles.height = 5 if whole else 1
        self.query_one(Menu).offer(self._items())

    @while_open
    def on_screen_resume(self) -> None:
        """The codex, the load screen or the choice of a campaign was closed; saves may have gone meanwhile."""
        self.call_after_refresh(self.set_timer, LIST_AFTER, self.list_saves)

    @on(SavesScreen.SavesListed)
    @while_open
    def _show_saves(self, event: SavesScreen.SavesListed) -> None:
        self._runs = event.runs
        self.query_one(Menu).offer(self._items())

    @property
    def _latest(self) -> "RunSummary | None":
        """The newest run that can be gone on with."""
        return next((run for run in self._runs if run.campaign and not run.ending), None)

    def _items(self) -> list[MenuItem]:
        runs, latest = self._runs, self._latest
        counted = {"load": _count(len(runs))}
        items = [MenuItem(key, label, counted.get(key, detail), enabled=bool(runs) or key not in NEEDS_RUNS) for key, label, detail in MENU]
        return items if latest is None else [MenuItem("continue", "Continue", facts(latest, time.time(), self._room())), *items]

    def _room(self) -> int:
        """Cells of a detail beside the longest label, as title.tcss and the menu leave them."""
        return max(20, min(self.size.width, 100) - (4 if self.size.width < WIDE else 12) - 19)

    @while_open
    def _look_at_torch(self) -> None:
        """The die tumbles while torch loads and lands when it is ready: on 20, or on 1 when torch cannot be used."""
        ready, line = self.host.torch_ready, self.host.torch_line
        failed = bool(line) and not ready and line == self._line  # at the second look, for the line comes a moment before the fact
        self._line = line
        mark = ("✔ ", "$success") if ready else ("✖ ", "$error") if failed else ("◌ ", "$warning")
        self.query_one("#torch", Static).update(Content.assemble(mark, flat(line) or WAITING))
        still = ready or self.app.animation_level == "none"
        self.query_one("#die", Static).update(die(1 if failed else 20 if still else next(self._faces)))
        if ready or failed:
            self._watch.stop()

    @on(Menu.Chosen)
    @while_open
    def _choose(self, event: Menu.Chosen) -> None:
        ways: dict[str, Callable[[], object]] = {
            "continue": self._continue,
            "new": self._new,
            "load": self._load,
            "arena": self._arena,
            "dungeon": self.host.open_dungeon,
            "watch": partial(self._load, to_watch=True),
            "codex": partial(self.host.open_codex, ""),
            "quit": self.action_leave,
        }
        ways[event.key]()

    def _continue(self) -> None:
        if self._latest is not None:
            self.host.resume(self._latest.folder)

    def _new(self) -> None:
        from rolltrain_tui.tui.screens.campaigns import CampaignsScreen

        self.app.push_screen(CampaignsScreen())

    def _load(self, *, to_watch: bool = False) -> None:
        from rolltrain_tui.tui.screens.load import LoadScreen

        self.app.push_screen(LoadScreen(to_watch=to_watch))

    def _arena(self) -> None:
        from rolltrain_tui.tui.arena.hall import ArenaScreen

        self.app.push_screen(ArenaScreen())

    def action_theme(self) -> None:
        from rolltrain_tui.tui.themes import next_theme

        self.app.clear_notifications()
        self.notify(next_theme(self.app), title="Theme", timeout=2, markup=False)

    def action_leave(self) -> None:
        self.call_next(self.app.action_quit)

    def action_nothing(self) -> None:
        """Escape has nowhere to go from here."""


def _count(saves: int) -> str:
    return {0: NO_RUNS, 1: "1 save"}.get(saves, f"{saves} saves")
