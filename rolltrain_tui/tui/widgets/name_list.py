"""Lists whose page keys are left to the screen, which turns a page of text beside them."""

from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import DataTable, OptionList


class NameList(OptionList, inherit_bindings=False):
    """Names to choose from. Enter chooses; what that means, the screen tells."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor_up", "Up", show=False, tooltip="The one above"),
        Binding("down,j", "cursor_down", "Down", show=False, tooltip="The one below"),
        Binding("home", "first", "First", show=False, tooltip="The first one"),
        Binding("end", "last", "Last", show=False, tooltip="The last one"),
        Binding("enter", "select", "", show=False),
    ]

    async def _on_click(self, event: events.Click) -> None:
        """A click on another name opens its page. Textual's own, which follows, would choose it unread."""
        clicked = event.style.meta.get("option")
        if clicked is not None and clicked != self.highlighted and not self.get_option_at_index(clicked).disabled:
            self.highlighted = clicked
            event.prevent_default()


class RowList(DataTable[Any], inherit_bindings=False):
    """Rows of a table to choose from."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "cursor_up", "Up", show=False, tooltip="The row above"),
        Binding("down,j", "cursor_down", "Down", show=False, tooltip="The row below"),
        Binding("pageup", "page_up", "Page up", show=False, tooltip="A page up"),
        Binding("pagedown", "page_down", "Page down", show=False, tooltip="A page down"),
        Binding("home", "scroll_top", "First", show=False, tooltip="The first row"),
        Binding("end", "scroll_bottom", "Last", show=False, tooltip="The last row"),
        Binding("enter", "select_cursor", "", show=False),
    ]
