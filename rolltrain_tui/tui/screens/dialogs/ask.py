"""Asks for one line, and says while it is typed what it would do."""

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.tui.screens.kinds.dialog import Dialog
from rolltrain_tui.tui.screens.kinds.while_open import while_open


class AskDialog(Dialog[str | None]):
    """Answers with the line, None after Escape. `look` says what a line would do; its ValueError says why it will not do."""

    CSS_PATH = "ask.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Cancel")]

    def __init__(self, title: str, text: str, value: str, look: Callable[[str], str]) -> None:
        super().__init__()
        self._title, self._text, self._value, self._look = title, text, value, look

    def compose(self) -> ComposeResult:
        with Vertical(id="ask"):
            yield Static(Content(self._text), id="ask-text")
            yield Input(self._value, id="ask-line", compact=True)
            yield Static(id="ask-answer")
            yield Static(Content("Enter: OK · Esc: cancel"), id="ask-foot")

    @while_open
    def on_mount(self) -> None:
        self.query_one("#ask").border_title = Content(self._title)
        line = self.query_one(Input)
        line.focus()
        line.cursor_position = len(self._value)
        self._judge(self._value)

    @on(Input.Changed)
    @while_open
    def _changed(self, event: Input.Changed) -> None:
        self._judge(event.value)

    def _judge(self, line: str, *, for_good: bool = False) -> bool:
        """Say what comes of the line. That nothing is typed yet is no mistake before Enter."""
        try:
            words, good = self._look(line), True
        except (ValueError, OSError) as error:
            words, good = str(error) if line.strip() or for_good else "", False
        mark = ("✔ ", "$success") if good else ("✖ ", "$error")
        self.query_one("#ask-answer", Static).update(Content.assemble(mark, clean(words)) if words else Content(""))
        return good

    @on(Input.Submitted)
    @while_open
    def _take(self, event: Input.Submitted) -> None:
        if self._judge(event.value, for_good=True):
            self.dismiss(event.value.strip())
        else:
            self.app.bell()
