"""Every key with one line each."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from rolltrain_tui.tui.screens.base import still_open
from rolltrain_tui.tui.widgets.fact import Fact


class HelpScreen(ModalScreen[None]):
    """A list of keys over whatever is open. Any of Escape, Enter, q and ? closes it."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,question_mark,f1", "close", "Close"),
        Binding("down,j", "scroll_list(1)", "Down", show=False),
        Binding("up,k", "scroll_list(-1)", "Up", show=False),
    ]

    def __init__(self, keys: Sequence[tuple[str, str]], title: str = "Keys") -> None:
        super().__init__()
        self._keys = tuple(keys)
        self._title = title

    def compose(self) -> ComposeResult:
        with Vertical(id="help"):
            with VerticalScroll(id="help-scroll"):
                for keys, words in self._keys:
                    yield Fact(keys, words)
            yield Static(Content("Escape closes · the whole story of every mechanic is in the codex"), id="help-foot")

    def on_mount(self) -> None:
        if not still_open(self):
            return
        self.query_one("#help").border_title = Content(self._title)
        width = max((len(keys) for keys, _ in self._keys), default=0)
        for name in self.query(".fact-name"):
            name.styles.width = min(22, width) + 3
        self.query_one("#help-scroll").focus()

    def action_scroll_list(self, by: int) -> None:
        self.query_one("#help-scroll").scroll_relative(y=by, animate=False)

    def action_close(self) -> None:
        self.dismiss(None)
