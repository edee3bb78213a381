"""A menu: one line an item, a pointer at the one that Enter takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


@dataclass(frozen=True, slots=True)
class MenuItem:
    key: str
    """What `Menu.Chosen` carries."""
    label: str
    detail: str = ""
    """A few words beside the label; foreign text must be clean."""
    enabled: bool = True


class Menu(Widget, can_focus=True):
    """Arrows, j and k move, Enter or a click takes. A first letter takes its item at once, or walks among those that share it."""

    DEFAULT_CSS = """
    Menu { height: auto; width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("home", "jump(0)", "First", show=False),
        Binding("end", "jump(-1)", "Last", show=False),
        Binding("enter", "take", "Choose"),
    ]

    items: reactive[tuple[MenuItem, ...]] = reactive((), layout=True)
    cursor: reactive[int] = reactive(0)

    @dataclass
    class Chosen(Message):
        """The player took an item."""

        key: str

    def __init__(self, items: Sequence[MenuItem], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_reactive(Menu.items, tuple(items))
        self.touched = False
        """Whether the player has moved the pointer."""

    def offer(self, items: Sequence[MenuItem]) -> None:
        """Show other items: the pointer goes to the first one, or stays with the item that the player has moved it to."""
        at = self.items[self.cursor].key if self.touched else ""
        self.items = tuple(items)
        self.cursor = next((index for index, item in enumerate(items) if item.key == at), 0)

    def render(self) -> Content:
        label = max((len(item.label) for item in self.items), default=0)
        return Content("\n").join([self._line(index, item, label) for index, item in enumerate(self.items)])

    def _line(self, index: int, item: MenuItem, label: int) -> Content:
        here = index == self.cursor
        name = "bold $accent" if here else "$foreground" if item.enabled else "$foreground-disabled"
        detail = "$foreground" if here else "$foreground-muted" if item.enabled else "$foreground-disabled"
        room = max(0, self.size.width - label - 5)
        words = Content(item.detail).truncate(room, ellipsis=True) if item.detail else Content("")
        return Content.assemble(("▸ " if here else "  ", "bold $accent"), (item.label.ljust(label), name), "   ", words.stylize(detail))

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return len(self.items)

    def action_move(self, by: int) -> None:
        self._point((self.cursor + by) % len(self.items))

    def action_jump(self, to: int) -> None:
        self._point(to % len(self.items))

    def action_take(self) -> None:
        item = self.items[self.cursor]
        if item.enabled:
            self.post_message(self.Chosen(item.key))
        else:
            self.app.bell()

    def on_key(self, event: events.Key) -> None:
        letter = (event.character or "").lower()
        named = [index for index, item in enumerate(self.items) if letter and item.label.lower().startswith(letter)]
        if not named or letter in "jk":
            return
        event.stop()
        self._point(next((index for index in named if index > self.cursor), named[0]))
        if len(named) == 1:
            self.action_take()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if 0 <= event.y < len(self.items):
            self._point(event.y)

    def on_click(self, event: events.Click) -> None:
        if 0 <= event.y < len(self.items):
            self._point(event.y)
            self.action_take()

    def _point(self, index: int) -> None:
        self.touched = True
        self.cursor = index
