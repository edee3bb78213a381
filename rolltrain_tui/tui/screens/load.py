"""The runs on disk: go on with one, watch it, or delete it."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import DataTable, Static

from rolltrain_tui.base.safe_text import clean, flat
from rolltrain_tui.story.judgement import mark_of
from rolltrain_tui.tui.screens.dialogs.choice import delete_dialog
from rolltrain_tui.tui.screens.kinds.saves_screen import SavesScreen, hero_of
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.widgets.footer import KeyFooter
from rolltrain_tui.tui.widgets.name_list import RowList
from rolltrain_tui.tui.wording.words import age, loss

if TYPE_CHECKING:
    from rolltrain_tui.runs.saves import RunSummary

EMPTY = "No saves yet. Every run saves itself as it goes; this is where you will find it."
Words = tuple[str, str, str, str, str, str]
TITLES: Words = ("Campaign", "Hero", "Turn", "Value", "Saved", "")
NUMBERS = ("Turn", "Value")
GAP = 2
"""Cells beside the words of each column."""
MARGINS, LEAST_MARGINS = 5, 3
"""Cells beside the table, with one for the scrollbar; the least on narrow screens."""
FULL = (0, 0, 14, 7, 12, 14)
"""Cells of the columns; campaign and hero share the rest."""
WIDE_FROM = 110
BOTH_NAMES_FROM = 57


def widths_of(room: int, rows: Sequence[Words]) -> tuple[int, ...]:
    """The columns' widths where there are `room` cells.

    Where there is little, a column is as wide as its words, the last one holds the mark alone, and names of campaigns are cut last.
    On the narrowest screens columns of no width are left out: campaign, turn and age stay.
    """
    need = [max(map(len, column)) for column in zip(TITLES, *rows, strict=True)]
    if room < BOTH_NAMES_FROM:
        return (max(0, room - need[2] - need[4] - 3 * GAP), 0, need[2], 0, need[4], 0)
    fixed = FULL[2:] if room >= WIDE_FROM else (*need[2:5], 2)
    rest = max(0, room - sum(fixed) - GAP * len(need))
    campaign = max(rest * 4 // 9, min(need[0], rest - need[1]))
    return (campaign, rest - campaign, *fixed)


class LoadScreen(SavesScreen):
    """All runs, the newest first."""

    CSS_PATH = "load.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", priority=True, tooltip="Go on with the run, or watch it"),
        Binding("w", "watch", "Watch", tooltip="Watch the run from its beginning"),
        Binding("delete,d", "delete", "Delete", key_display="d", tooltip="Delete the run, after a question"),
    ]

    def __init__(self, *, to_watch: bool = False) -> None:
        """`to_watch`: Enter watches the run instead of going on with it."""
        super().__init__()
        self._to_watch = to_watch
        self._runs: list[RunSummary] = []

    def compose(self) -> ComposeResult:
        yield Static("Watch a replay" if self._to_watch else "Load a save", classes="screen-title")
        yield Static(Content(EMPTY), id="empty")
        yield RowList(id="runs", cursor_type="row", zebra_stripes=False)
        yield Static("", id="where")
        yield KeyFooter()

    @while_open
    def on_mount(self) -> None:
        self.query_one(DataTable).focus()
        self.list_saves()

    @while_open
    def on_resize(self) -> None:
        if len(self.query_one(DataTable).columns):
            self._show(self._runs)

    @on(SavesScreen.SavesListed)
    @while_open
    def _listed(self, event: SavesScreen.SavesListed) -> None:
        self._show(event.runs)

    def _show(self, runs: "list[RunSummary]") -> None:
        self._runs = runs = [replace(run, outcome=None) for run in runs] if self.host.secretive else runs
        table = self.query_one(DataTable)
        row = table.cursor_row
        table.clear(columns=True)
        now = time.time()
        rows = [_words(run, now) for run in runs]
        widths = widths_of(self.size.width - (LEAST_MARGINS if self.size.width < WIDE_FROM else MARGINS), rows)
        for title, width in zip(TITLES, widths, strict=True):
            if width:
                table.add_column(title.rjust(width) if title in NUMBERS else title, width=width)
        for words in rows:
            table.add_row(*_cells(words, widths))
        table.move_cursor(row=row)
        table.display = bool(runs)
        self.query_one("#empty").display = not runs
        self._tell_where()

    @on(DataTable.RowHighlighted)
    @while_open
    def _tell_where(self) -> None:
        run = self._chosen()
        self.query_one("#where", Static).update(Content(_about(run)) if run else Content(""))

    @on(DataTable.RowSelected)
    @while_open
    def _clicked(self) -> None:
        self.action_open()

    def _chosen(self) -> "RunSummary | None":
        row = self.query_one(DataTable).cursor_row
        return self._runs[row] if 0 <= row < len(self._runs) else None

    def action_open(self) -> None:
        run = self._chosen()
        if self._to_watch:
            self.action_watch()
        elif run is None:
            self.app.bell()
        elif not run.campaign:
            self.notify(f"This run cannot be opened: {clean(run.damage)}", severity="error", markup=False)
        else:
            self.host.resume(run.folder)

    def action_watch(self) -> None:
        run = self._chosen()
        if run is None:
            self.app.bell()
        else:
            self.host.watch_replay(run.folder)

    def action_delete(self) -> None:
        run = self._chosen()
        if run is None:
            return
        name = f"{flat(run.hero)} · {flat(run.campaign)} · turn {run.turn}" if run.campaign else "A damaged run"
        what = f"{name}\n{flat(str(run.folder))}\nThere is no way back."
        self.app.push_screen(delete_dialog("Delete this save?", what), lambda answer: self._delete(run) if answer == "delete" else None)

    def _delete(self, run: "RunSummary") -> None:
        from rolltrain_tui.runs import saves

        try:
            saves.delete(run.folder)
        except saves.SaveError as error:
            self.notify(clean(str(error)), title="It could not be deleted", severity="error", markup=False)
        self.list_saves()


def _words(run: "RunSummary", now: float) -> Words:
    saved, state = age(run.saved_at, now), _state(run)
    if not run.campaign:
        return flat(run.folder.name), "", "", "", saved, state
    return flat(run.campaign), hero_of(run), f"{run.turn}/{run.turns}", loss(run.value), saved, state


def _cells(words: Words, widths: Sequence[int]) -> tuple[Content, ...]:
    cells = zip(TITLES, words, widths, strict=True)
    return tuple(
        Content(word.rjust(width) if title in NUMBERS else word).truncate(width, ellipsis=width > 2)
        for title, word, width in cells
        if width
    )


def _state(run: "RunSummary") -> str:
    if run.damage:
        return "▲ older save" if run.campaign else "✖ damaged"
    if not run.ending:
        return ""
    return mark_of(run.outcome or "alone")


def _about(run: "RunSummary") -> str:
    """Where it is, and what is wrong with it; a run with damage may still open from an older save."""
    where = flat(str(run.folder))
    if run.damage:
        return f"{'▲ An older save opens: ' if run.campaign else '✖ '}{flat(run.damage)}\n{where}"
    return f"{_state(run)}\n{where}" if run.ending else where
