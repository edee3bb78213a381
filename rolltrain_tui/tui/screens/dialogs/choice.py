"""A small question with a few answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from rolltrain_tui.tui.screens.kinds.dialog import Dialog
from rolltrain_tui.tui.screens.kinds.while_open import while_open

BREADTH, FRAME = 70, 8
"""Cells of the dialog where the screen is wide, and of its edges."""


@dataclass(frozen=True, slots=True)
class Choice:
    answer: str
    """What the dialog answers with; a plain word, for it also names the button."""
    label: str
    key: str
    """The letter that takes it at once."""
    final: bool = False
    """There is no way back from it."""


class ChoiceDialog(Dialog[str | None]):
    """Asks; answers with the `answer` of the choice taken, None after Escape. The first choice has the focus."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Cancel"),
        Binding("left,up,shift+tab", "app.focus_previous", "Left", show=False),
        Binding("right,down,tab", "app.focus_next", "Right", show=False),
    ]

    def __init__(self, title: str, text: str, choices: Sequence[Choice]) -> None:
        assert choices, "a question needs an answer"
        super().__init__()
        self._title, self._text, self._choices = title, text, tuple(choices)

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            with VerticalScroll(id="dialog-body", can_focus=False):
                yield Static(Content(self._text), id="dialog-text")
            with Horizontal(id="dialog-choices", classes="-stacked" if self._breadth() > self._room() else ""):
                for choice in self._choices:
                    label = Content.assemble(choice.label, (f"  {choice.key}", "dim"))
                    yield Button(label, id=f"answer-{choice.answer}", classes="-final" if choice.final else "", flat=True)

    def _breadth(self) -> int:
        """Cells the choices take side by side."""
        return sum(len(choice.label) + len(choice.key) + 6 for choice in self._choices)

    def _room(self) -> int:
        return min(BREADTH, self.app.size.width * 92 // 100) - FRAME

    @while_open
    def on_resize(self) -> None:
        self.query_one("#dialog-choices").set_class(self._breadth() > self._room(), "-stacked")

    @while_open
    def on_mount(self) -> None:
        self.query_one("#dialog").border_title = Content(self._title)
        self.query(Button).first().focus()

    @on(Button.Pressed)
    @while_open
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss((event.button.id or "").removeprefix("answer-"))

    def on_key(self, event: events.Key) -> None:
        for choice in self._choices:
            if event.character and event.character.lower() == choice.key.lower():
                event.stop()
                self.dismiss(choice.answer)


def quit_dialog() -> ChoiceDialog:
    """Before leaving a running expedition: answers "quit", "title" or "stay" (or None).

    It names no turn: the run may be further than the picture.
    """
    text = "The run is saved as it stands. Continue, on the title, goes on from there bit for bit."
    choices = (
        Choice("stay", "Stay", "s"),
        Choice("quit", "Save and quit", "q"),
        Choice("title", "Save, to the title", "t"),
    )
    return ChoiceDialog("Leave the expedition?", text, choices)


def delete_dialog(title: str, text: str) -> ChoiceDialog:
    """Before something is gone for good: answers "keep" (or None) or "delete"."""
    return ChoiceDialog(title, text, (Choice("keep", "Keep it", "k"), Choice("delete", "Delete", "d", final=True)))
