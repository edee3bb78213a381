"""At what the game pauses by itself: a list to tick."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from rolltrain_tui.base.grammar import capital
from rolltrain_tui.story.scene.pauses import RULES
from rolltrain_tui.tui.screens.kinds.dialog import Dialog
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.widgets.menu import Menu, MenuItem

EXPLAIN, VOTE = "explain", "vote"
ROWS = RULES | {EXPLAIN: "cards explain the first of each kind", VOTE: "the room votes when a monster has come"}


@dataclass(frozen=True, slots=True)
class Stops:
    rules: frozenset[str]
    """The rules of `pause_on` in force."""
    explains: bool
    """A card explains the first of each kind while the run waits."""
    votes: bool = False
    """The room votes at every encounter."""


class StopsScreen(Dialog[Stops]):
    """Space or Enter ticks a row; Escape takes the list as it is."""

    CSS_PATH = "stops.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,o", "take", "Done", priority=True),
        Binding("space", "tick", "Tick", priority=True),
    ]

    def __init__(self, stops: Stops) -> None:
        super().__init__()
        self._ticked = set(stops.rules) | ({EXPLAIN} if stops.explains else set()) | ({VOTE} if stops.votes else set())

    def compose(self) -> ComposeResult:
        with Vertical(id="stops"):
            with VerticalScroll(id="stops-list", can_focus=False):
                yield Menu(self._items(), id="stops-menu")
            yield Static(Content("↑ ↓ move · space ticks · Esc: done"), id="stops-foot")

    def _items(self) -> list[MenuItem]:
        return [MenuItem(rule, f"{'✔' if rule in self._ticked else '·'} {capital(words)}") for rule, words in ROWS.items()]

    @while_open
    def on_mount(self) -> None:
        self.query_one("#stops").border_title = "Pause by itself when"
        self.query_one(Menu).focus()

    @on(Menu.Chosen)
    @while_open
    def _turn(self, event: Menu.Chosen) -> None:
        self._ticked ^= {event.key}
        self.query_one(Menu).items = tuple(self._items())

    def action_tick(self) -> None:
        self.query_one(Menu).action_take()

    def action_take(self) -> None:
        self.dismiss(Stops(frozenset(self._ticked - {EXPLAIN, VOTE}), EXPLAIN in self._ticked, VOTE in self._ticked))
