"""A name and what it stands for, the lines of the latter kept together."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static


class Fact(Horizontal):
    """ "Best when   SLOW: …". Without a name the value takes the whole row. Foreign text must be clean; it is shown as it is."""

    DEFAULT_CSS = """
    Fact { height: auto; }
    Fact > .fact-name { width: 12; color: $text-muted; }
    Fact > .fact-value { width: 1fr; height: auto; }
    """

    def __init__(self, name: str, value: str) -> None:
        super().__init__()
        self._name_text, self._value_text = name, value

    def compose(self) -> ComposeResult:
        if self._name_text:
            yield Static(Content(self._name_text), classes="fact-name")
        yield Static(Content(self._value_text), classes="fact-value")
