"""A small question with an answer in words."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from rolltrain_tui.tui.screens.kinds.dialog import Dialog
from rolltrain_tui.tui.screens.kinds.while_open import while_open


class QuestionDialog(Dialog[str | None]):
    """Enter answers with what was typed, Escape with None."""

    CSS_PATH = "dialogs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Cancel")]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog"):
            yield Static(Content(self._text), id="dialog-text")
            yield Input(id="dialog-input", compact=True)

    @while_open
    def on_mount(self) -> None:
        self.query_one("#dialog").border_title = Content(self._title)
        self.query_one(Input).focus()

    @on(Input.Submitted)
    @while_open
    def _answer(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)
