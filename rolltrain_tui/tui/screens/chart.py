"""The chart on the whole screen, over the game, a replay or the ending. The run goes on behind it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.drawing.chart_view import ChartView
from rolltrain_tui.tui.screens.kinds.base import HelpScreen, TavernScreen, in_thread
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.threads.share import Share
from rolltrain_tui.tui.widgets.footer import KeyFooter
from rolltrain_tui.tui.widgets.panel import Line, WholePanel
from rolltrain_tui.tui.widgets.training.full_chart import Other, full_chart_lines, turn_under

TICK_SECONDS = 0.2
SHARE, LONGEST_WAIT = 0.03, 2.0
"""The share of the time that drawing may take while turns are played; the longest wait in seconds."""
PAGE = 10


HELP = (
    ("← →", "The cursor one turn back or on; with shift, or , and ., ten"),
    ("click", "The cursor on that turn"),
    ("home end", "The first turn; the newest one, which the cursor then follows"),
    ("+ - 0", "Fewer or more turns around the cursor; the whole run"),
    ("pgup pgdn", "The window half its width back or on"),
    ("↑ ↓", "Another series: loss, gradient norm, learning rate, every signal"),
    ("y", "Even or logarithmic steps"),
    ("f", "Fit the data, or show the floor (or ceiling) too"),
    ("g", "Plain training (the ghost), shown or not"),
    ("o", "Earlier runs and branches of this campaign, shown or not"),
    ("esc x q", "Back"),
)


class ChartScreen(TavernScreen):
    """Arrows move the cursor; the numbers of its turn stand below."""

    CSS_PATH = "chart.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,x,q", "back", "Back", key_display="esc"),
        Binding("left", "move(-1)", "Turn", key_display="← →"),
        Binding("right", "move(1)", "Turn on", show=False),
        Binding("shift+left,comma", f"move({-PAGE})", "10 back", show=False),
        Binding("shift+right,semicolon,full_stop", f"move({PAGE})", "10 on", show=False),
        Binding("home", "move_to_start", "Start", show=False),
        Binding("end", "move_to_end", "End", show=False),
        Binding("plus,equals_sign", "zoom(True)", "Zoom", key_display="+ -"),
        Binding("minus", "zoom(False)", "Wider", show=False),
        Binding("pageup", "pan(-1)", "Pan back", show=False),
        Binding("pagedown", "pan(1)", "Pan on", show=False),
        Binding("0", "whole", "Whole", show=False),
        Binding("down,s", "series(1)", "Series", key_display="↑ ↓"),
        Binding("up", "series(-1)", "Series before", show=False),
        Binding("y", "scale", "Log"),
        Binding("f", "fit", "Fit"),
        Binding("g", "ghost", "Ghost"),
        Binding("o", "others", "Other runs"),
    ]

    @dataclass
    class OthersRead(Message):
        """The other runs of the campaign, newest first."""

        others: list[Other]

    def __init__(self, scene: Callable[[], Scene], folder: Path | None) -> None:
        """`scene` gives the run as it is now; `folder` is its own."""
        super().__init__()
        self._scene, self._folder = scene, folder
        self._view = ChartView()
        self._others: list[Other] | None = None
        self._drawn: tuple[object, ...] = ()
        self._share = Share(LONGEST_WAIT)

    @property
    def view(self) -> ChartView:
        return self._view

    def compose(self) -> ComposeResult:
        yield WholePanel(self._lines, id="full-chart")
        yield KeyFooter(compact=True, palette=False)

    @while_open
    def on_mount(self) -> None:
        self.set_interval(TICK_SECONDS, self._tick)

    @while_open
    def _tick(self) -> None:
        """Draw what the run has done meanwhile, within a share of the time."""
        scene = self._scene()
        if self._drawn != (scene.turn, len(scene.history.evaluations)) and self._share.wait(SHARE) <= 0:
            self.draw()

    @while_open
    def draw(self) -> None:
        self.query_one(WholePanel).look_again()

    def _lines(self, width: int, height: int) -> list[Line]:
        self._share.begin()
        scene = self._scene()
        self._drawn = (scene.turn, len(scene.history.evaluations))
        return full_chart_lines(scene, self._view, self._others or (), width, height)

    def _look(self, view: ChartView) -> None:
        self._view = view
        self.draw()

    @property
    def _newest(self) -> int:
        return self._scene().turn

    # The keys.

    @while_open
    def on_click(self, event: events.Click) -> None:
        """The cursor on the turn that was pointed at."""
        panel = self.query_one(WholePanel)
        place = event.get_content_offset(panel)
        turn = turn_under(place.x, self._view.span(self._newest), panel.content_size.width) if place is not None else None
        if turn is not None:
            self._look(self._view.moved_to(turn, self._newest))

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen(HELP, "Keys of the chart"))

    def action_move(self, by: int) -> None:
        self._look(self._view.moved(by, self._newest))

    def action_move_to_start(self) -> None:
        self._look(self._view.moved_to(0, self._newest))

    def action_move_to_end(self) -> None:
        self._look(self._view.moved_to(self._newest, self._newest))

    def action_zoom(self, closer: bool) -> None:
        self._look(self._view.zoomed(closer, self._newest))

    def action_pan(self, direction: int) -> None:
        first, last = self._view.span(self._newest)
        self._look(self._view.panned(direction * max(1, (last - first) // 2), self._newest))

    def action_whole(self) -> None:
        self._look(replace(self._view, window=None))

    def action_series(self, by: int) -> None:
        self._look(replace(self._view, series=self._view.series + by))

    def action_scale(self) -> None:
        self._look(replace(self._view, log=not self._view.log))

    def action_fit(self) -> None:
        self._look(replace(self._view, fit=not self._view.fit))

    def action_ghost(self) -> None:
        if self._scene().ghost is None:
            self.notify("There is no ghost: no plain training of these settings is recorded, or it is kept back.", timeout=4, markup=False)
        self._look(replace(self._view, ghost=not self._view.ghost))

    def action_others(self) -> None:
        self._view = replace(self._view, others=not self._view.others)
        if self._others is None and self._folder is not None:
            self._read_others(self._folder, self._scene())
        elif self._view.others and not self._others:
            self._tell_of_none()
        self.draw()

    @in_thread("to read the other runs")
    def _read_others(self, folder: Path, scene: Scene) -> None:
        from rolltrain_tui.runs.others import others_of

        self.post_message(self.OthersRead(others_of(folder, scene.campaign, scene.objective)))

    @on(OthersRead)
    @while_open
    def _show_others(self, event: OthersRead) -> None:
        self._others = event.others
        if not event.others:
            self._tell_of_none()
        self.draw()

    def _tell_of_none(self) -> None:
        self.notify("There is no other run of this campaign yet.", timeout=4, markup=False)
