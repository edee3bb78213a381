"""The command palette, on a terminal of any size and over any screen."""

from textual.command import CommandList, CommandPalette

from rolltrain_tui.tui.screens.dialog import AnswersOnce


class GamePalette(AnswersOnce, CommandPalette):
    """Textual's own, closed once. Its page keys would end the app while its list has no rows on the screen."""

    def _action_command_list(self, action: str) -> None:
        if self.query_one(CommandList).content_size.height > 0:
            super()._action_command_list(action)
