"""A name and what it stands for, the lines of the latter kept together."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget
from textual.widgets import Static

from rolltrain_tui.tui.widgets.panel import wrap


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


class FactList(Widget):
    """Many facts as one widget, which opens at once where a widget for each would take a while. Foreign text must be clean."""

    DEFAULT_CSS = """
    FactList { height: auto; }
    """

    rows: reactive[tuple[tuple[str, str], ...]] = reactive((), layout=True)

    def __init__(self, rows: Sequence[tuple[str, str]], name_width: int, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_reactive(FactList.rows, tuple(rows))
        self._name_width = name_width

    def render(self) -> Content:
        return Content("\n").join(self._lines(self.content_size.width))

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return len(self._lines(width))

    def _lines(self, width: int) -> list[Content]:
        lines = []
        for name, value in self.rows:
            head = f"{name} ".ljust(self._name_width) if name else ""
            for place, text in enumerate(wrap(value, max(1, width - len(head)))):
                lines.append(Content.assemble((head if place == 0 else " " * len(head), "$foreground-muted"), text))
        return lines
