"""The runs on disk: go on with one, or delete it."""

import time
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import DataTable, Footer, Static

from rolltrain_tui.narration import clean
from rolltrain_tui.tui.screens.base import TavernScreen
from rolltrain_tui.tui.screens.dialogs import delete_dialog
from rolltrain_tui.tui.words import age, loss

if TYPE_CHECKING:
    from rolltrain_tui.saves import RunSummary

COLUMNS = (("Campaign", 20), ("Hero", 22), ("Turn", 11), ("Val", 6), ("Saved", 12), ("", 10))


class LoadScreen(TavernScreen):
    """All runs, the newest first."""

    CSS_PATH = "load.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Go on", priority=True, tooltip="Go on with the run"),
        Binding("delete,d", "delete", "Delete", key_display="d", tooltip="Delete the run, after a question"),
        Binding("j", "step(1)", "Down", show=False),
        Binding("k", "step(-1)", "Up", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._runs: list[RunSummary] = []

    def compose(self) -> ComposeResult:
        yield Static("Load a save", classes="screen-title")
        yield Static("", id="empty")
        yield DataTable(id="runs", cursor_type="row", zebra_stripes=False)
        yield Static("", id="where")
        yield Footer()

    def on_mount(self) -> None:
        table = self.query_one(DataTable)
        for title, width in COLUMNS:
            table.add_column(title, width=width)
        table.focus()
        self.list_saves()

    @work(thread=True, exclusive=True)
    def list_saves(self) -> None:
        from rolltrain_tui.saves import list_runs

        try:
            runs, trouble = list_runs(self.host.runs), ""
        except OSError as error:
            runs, trouble = [], clean(str(error))
        self.app.call_from_thread(self._show, runs, trouble)

    def _show(self, runs: "list[RunSummary]", trouble: str) -> None:
        self._runs = runs
        table = self.query_one(DataTable)
        table.clear()
        now = time.time()
        for run in runs:
            table.add_row(*_cells(run, now))
        table.display = bool(runs)
        empty = self.query_one("#empty", Static)
        empty.display = not runs
        empty.update(Content(trouble or "No saves yet. Every run saves itself as it goes; this is where you will find it."))
        self._tell_where()

    @on(DataTable.RowHighlighted)
    def _tell_where(self) -> None:
        run = self._chosen()
        self.query_one("#where", Static).update(Content(_about(run)) if run else Content(""))

    @on(DataTable.RowSelected)
    def _clicked(self) -> None:
        self.action_open()

    def _chosen(self) -> "RunSummary | None":
        row = self.query_one(DataTable).cursor_row
        return self._runs[row] if 0 <= row < len(self._runs) else None

    def action_step(self, by: int) -> None:
        table = self.query_one(DataTable)
        table.move_cursor(row=table.cursor_row + by)

    def action_open(self) -> None:
        run = self._chosen()
        if run is None:
            self.app.bell()
        elif run.damage:
            self.notify(f"This run cannot be opened: {clean(run.damage)}", severity="error", markup=False)
        else:
            self.host.resume(run.folder)

    def action_delete(self) -> None:
        run = self._chosen()
        if run is None:
            return
        what = f"{clean(run.hero)} · {clean(run.campaign)} · turn {run.turn}\n{clean(str(run.folder))}\nThere is no way back."
        self.app.push_screen(delete_dialog(what), lambda answer: self._delete(run) if answer == "delete" else None)

    def _delete(self, run: "RunSummary") -> None:
        from rolltrain_tui.saves import delete_run

        try:
            delete_run(run.folder)
        except OSError as error:
            self.notify(clean(str(error)), title="It could not be deleted", severity="error", markup=False)
        self.list_saves()


def _cells(run: "RunSummary", now: float) -> tuple[Content, ...]:
    hero = f"{clean(run.hero)}, {clean(run.hero_class).capitalize()} {run.level}"
    turns = f"{run.turn}/{run.turns}"
    return tuple(map(Content, (clean(run.campaign), hero, turns, loss(run.val_loss), age(run.saved_at, now), _state(run))))


def _state(run: "RunSummary") -> str:
    return "✖ damaged" if run.damage else {"victory": "✔ victory", "fallen": "✖ fallen"}.get(run.ending, "")


def _about(run: "RunSummary") -> str:
    where = clean(str(run.folder))
    return f"✖ {clean(run.damage)}\n{where}" if run.damage else where
