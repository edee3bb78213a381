"""The whole log of a run on one screen, to scroll through."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Footer

from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.screens.base import TavernScreen, while_open
from rolltrain_tui.tui.widgets.log import LogPanel

FAR = 1 << 30
"""More rows than any log has."""


class RunLogScreen(TavernScreen):
    """Opens at the last line."""

    CSS_PATH = "run_log.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,l", "back", "Back"),
        Binding("up,k", "scroll(1)", "Up", key_display="↑", tooltip="A line back"),
        Binding("down,j", "scroll(-1)", "Down", key_display="↓", tooltip="A line on"),
        Binding("pageup", "page(1)", "Page up", show=False, tooltip="A page back"),
        Binding("pagedown", "page(-1)", "Page down", show=False, tooltip="A page on"),
        Binding("home", f"scroll({FAR})", "Start", tooltip="To the first line that is kept"),
        Binding("end", "follow", "End", tooltip="To the last line"),
        Binding("v", "detail", "Every turn", tooltip="Every turn, or the story only"),
    ]

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self._scene = scene

    def compose(self) -> ComposeResult:
        yield LogPanel(id="run-log")
        yield Footer()

    @while_open
    def on_mount(self) -> None:
        self._log.detailed = False

    @property
    def _log(self) -> LogPanel:
        return self.query_one(LogPanel)

    @while_open
    def on_screen_resume(self) -> None:
        self.call_after_refresh(self._draw)

    @while_open
    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    @while_open
    def _draw(self) -> None:
        self._log.show_scene(self._scene)

    def action_scroll(self, rows: int) -> None:
        self._log.scroll_by(rows)

    def action_page(self, direction: int) -> None:
        self._log.page(direction)

    def action_follow(self) -> None:
        self._log.follow()

    def action_detail(self) -> None:
        self._log.detailed = not self._log.detailed
        self._log.follow()
