"""A screen with a list, and beside it a page of text about what is chosen."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from rolltrain_tui.tui.screens.kinds.base import TavernScreen
from rolltrain_tui.tui.screens.kinds.while_open import while_open


class ReadingScreen(TavernScreen):
    """The page keys turn the text while the list keeps the focus. The page's border names them where the text is longer than the page."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "read(1)", "Read on", show=False, tooltip="Turn the page's text on"),
        Binding("pageup", "read(-1)", "Read back", show=False, tooltip="Turn the page's text back"),
    ]

    PAGE: ClassVar[str]
    """Selects the page."""

    @property
    def page(self) -> Widget:
        """What the keys scroll."""
        return self.query_one(self.PAGE)

    @while_open
    def on_mount(self) -> None:
        page = self.page

        def name_keys(longer: bool) -> None:
            page.border_subtitle = "pgdn reads on" if longer else ""

        self.watch(page, "show_vertical_scrollbar", name_keys)

    def action_read(self, by: int) -> None:
        page = self.page
        page.scroll_relative(y=by * max(1, page.size.height - 2), animate=False)
