"""A small list to take one thing from, with a few lines about the one that is pointed at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from rolltrain_tui.tui.screens.kinds.dialog import Dialog
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.widgets.menu import Menu, MenuItem


@dataclass(frozen=True, slots=True)
class Pick:
    answer: str
    label: str
    detail: str
    """Beside the label, a few words."""
    text: str
    """What it does; shown while it is pointed at."""


class PointedMenu(Menu):
    """A menu whose pointer is watched by its screen."""

    def watch_cursor(self) -> None:
        if self.is_mounted and isinstance(self.screen, PickScreen):
            self.screen.describe(self.cursor)


class PickScreen(Dialog[str | None]):
    """Arrows point, Enter or a number takes: it answers with the pick's `answer`, with None after Escape. Texts must be clean."""

    CSS_PATH = "pick.tcss"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Back")]

    def __init__(self, title: str, text: str, picks: Sequence[Pick], verb: str) -> None:
        """`verb`: what Enter does, such as "uses it"."""
        assert picks, "nothing to take"
        super().__init__()
        self._title, self._text, self._picks, self._verb = title, text, tuple(picks), verb

    def compose(self) -> ComposeResult:
        items = [MenuItem(pick.answer, f"{n} {pick.label}", pick.detail) for n, pick in enumerate(self._picks, start=1)]
        with Vertical(id="pick"):
            yield Static(Content(self._text), id="pick-text")
            with VerticalScroll(id="pick-list", can_focus=False):
                yield PointedMenu(items, id="pick-menu")
            yield Static(id="pick-about")
            yield Static(Content(f"↑ ↓ choose · Enter {self._verb} · Esc: cancel"), id="pick-foot")

    @while_open
    def on_mount(self) -> None:
        self.query_one("#pick").border_title = Content(self._title)
        self.query_one("#pick-text").display = bool(self._text)
        self.describe(0)
        self.query_one(Menu).focus()

    def describe(self, index: int) -> None:
        self.query_one("#pick-about", Static).update(Content(self._picks[index].text))
        self.query_one("#pick-list").scroll_to(y=max(0, index - 2), animate=False)

    @on(Menu.Chosen)
    @while_open
    def _take(self, event: Menu.Chosen) -> None:
        self.dismiss(event.key)

    def on_key(self, event: events.Key) -> None:
        if event.character and event.character.isdigit() and 1 <= int(event.character) <= len(self._picks):
            event.stop()
            self.dismiss(self._picks[int(event.character) - 1].answer)
