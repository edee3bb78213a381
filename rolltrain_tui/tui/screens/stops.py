"""At what the game pauses by itself: a list to tick."""

from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import SelectionList, Static
from textual.widgets.selection_list import Selection

from rolltrain_tui.story.scene.pauses import RULES
from rolltrain_tui.tui.screens.base import while_open

EXPLAIN = "explain"


@dataclass(frozen=True, slots=True)
class Stops:
    rules: frozenset[str]
    """The rules of `pause_on` in force."""
    explains: bool
    """A card explains the first of each kind while the run waits."""


class StopsScreen(ModalScreen[Stops | None]):
    """Space ticks, Enter takes the list as it is, Escape leaves everything as it was."""

    CSS_PATH = "stops.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,o", "take", "OK", priority=True),
        Binding("escape", "put_away", "Cancel"),
    ]

    def __init__(self, stops: Stops) -> None:
        super().__init__()
        self._stops = stops

    def compose(self) -> ComposeResult:
        rows = [Selection(f"{words[0].upper()}{words[1:]}", rule, rule in self._stops.rules) for rule, words in RULES.items()]
        rows.append(Selection("Cards that explain the first of each kind", EXPLAIN, self._stops.explains))
        with Vertical(id="stops"):
            yield SelectionList[str](*rows, id="stops-list")
            yield Static(Content("↑ ↓ move · space ticks · Enter: OK · Esc: cancel"), id="stops-foot")

    @while_open
    def on_mount(self) -> None:
        self.query_one("#stops").border_title = "Pause by itself when"
        self.query_one(SelectionList).focus()

    def action_take(self) -> None:
        ticked = set(self.query_one(SelectionList).selected)
        self.dismiss(Stops(frozenset(ticked - {EXPLAIN}), EXPLAIN in ticked))

    def action_put_away(self) -> None:
        self.dismiss(None)
