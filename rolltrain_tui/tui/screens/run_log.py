"""The whole log of a run on one screen, to scroll through."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.strip import Strip

from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.screens.kinds.base import TavernScreen
from rolltrain_tui.tui.widgets.footer import KeyFooter
from rolltrain_tui.tui.widgets.game.log import LogPanel

FAR = 1 << 30
"""More rows than any log has."""


class WholeLog(LogPanel):
    """The log of one scene, whole at its first frame."""

    def __init__(self, scene: Scene, *, id: str) -> None:
        super().__init__(id=id)
        self.detailed, self._whole, self._shown_at = False, scene, (0, 0)

    def render_line(self, y: int) -> Strip:
        if self._shown_at != (size := (self.content_size.width, self.content_size.height)):
            self._shown_at = size
            self.show_scene(self._whole)
        return super().render_line(y)


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
        yield WholeLog(self._scene, id="run-log")
        yield KeyFooter()

    @property
    def _log(self) -> LogPanel:
        return self.query_one(LogPanel)

    def action_scroll(self, rows: int) -> None:
        self._log.scroll_by(rows)

    def action_page(self, direction: int) -> None:
        self._log.page(direction)

    def action_follow(self) -> None:
        self._log.follow()

    def action_detail(self) -> None:
        self._log.detailed = not self._log.detailed
        self._log.follow()
