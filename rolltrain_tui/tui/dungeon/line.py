"""The line on which commands are typed."""

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from rolltrain_tui.modes.dungeon.worlds.completion import LONGEST


class CommandLine(Input):
    """An input whose digits pick a command while nothing else is typed, and whose Tab completes."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", "Complete", key_display="Tab", tooltip="Complete what is typed")]

    class Picked(Message):
        """A digit was pressed on the empty line."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    class Completing(Message):
        """Tab was pressed."""

    def __init__(self) -> None:
        super().__init__(
            placeholder="Type a command: g n is go north. Or press its number.", id="dungeon-line", compact=True, max_length=LONGEST
        )
        self.digits_pick = True

    def action_complete(self) -> None:
        self.post_message(self.Completing())

    async def _on_key(self, event: events.Key) -> None:
        if self.digits_pick and not self.value and event.character is not None and event.character in "123456789":
            event.stop()
            event.prevent_default()
            self.post_message(self.Picked(int(event.character)))
            return
        await super()._on_key(event)
