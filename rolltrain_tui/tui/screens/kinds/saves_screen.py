"""A screen that shows what runs there are; they are looked up in a thread, for a disk may be slow."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.tui.screens.kinds.base import TavernScreen, in_thread

if TYPE_CHECKING:
    from rolltrain_tui.runs.saves import RunSummary


def hero_of(run: "RunSummary") -> str:
    """ "Brakka, Barbarian 3"."""
    return f"{flat(run.hero)}, {flat(run.hero_class).capitalize()} {run.level}"


class SavesScreen(TavernScreen):
    """Posts `SavesListed` after each `list_saves`."""

    @dataclass
    class SavesListed(Message):
        """The runs, newest first."""

        runs: "list[RunSummary]"

    def list_saves(self) -> None:
        """Look, unless the screen has been closed meanwhile."""
        if self.is_attached:
            self._list_saves(self.host.runs)

    @in_thread("to list the saves")
    def _list_saves(self, root: Path) -> None:
        from rolltrain_tui.runs.saves import list_runs

        self.post_message(self.SavesListed(list_runs(root)))
