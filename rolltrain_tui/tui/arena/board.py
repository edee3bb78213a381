"""The screen of the leaderboards: quality, efficiency and ratings of each division. Enter repeats the match of a row."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static

from rolltrain_tui.arena.battles.battles import Battles
from rolltrain_tui.arena.battles.leaderboards import BoardRow, board, board_lines, divisions, rating_lines, ratings
from rolltrain_tui.arena.battles.ledger import Flaw, RecordedMatch
from rolltrain_tui.arena.battles.matches import Division, division_of
from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.tui.screens.dialogs.command_palette import KeyVerbs
from rolltrain_tui.tui.screens.kinds.base import TavernScreen
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.widgets.footer import KeyFooter
from rolltrain_tui.tui.widgets.name_list import NameList

Kind = Literal["quality", "efficiency", "ratings"]
KINDS: tuple[Kind, ...] = ("quality", "efficiency", "ratings")
TITLES = {
    "quality": (
        "Best quality within the budget",
        "Score: sqrt(quality x uniqueness), mean over seeds. Enter fights again.",
    ),
    "efficiency": ("Efficiency: score per GFLOP", "Only for scores above {floor:.1f}, what letter frequencies alone are worth."),
    "ratings": ("Ratings", "openskill's Plackett-Luce over all matches; surely = mu - 3 sigma."),
}


class BoardScreen(TavernScreen):
    CSS_PATH = "board.tcss"
    COMMANDS = {KeyVerbs}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "again", "Fight again", tooltip="Fight the row's match again, and compare", priority=True),
        Binding("b,tab", "board", "Next board", tooltip="Quality, efficiency, ratings", priority=True),
        Binding("right", "division(1)", "Division", key_display="← →", tooltip="Another text or budget", priority=True),
        Binding("left", "division(-1)", "", show=False, priority=True),
    ]

    def __init__(self, root: Path, repeat: Callable[[Battles, RecordedMatch], Screen[None]]) -> None:
        """`repeat` makes the screen on which a recorded match is fought again."""
        super().__init__()
        self._battles, self._repeat = Battles(root), repeat
        self._entries: list[RecordedMatch] = []
        self._flaws: list[Flaw] = []
        self._divisions: list[Division] = []
        self._division = 0
        self._kind: Kind = "quality"
        self._places: list[BoardRow] = []

    def compose(self) -> ComposeResult:
        yield Static(id="board-title")
        yield Static(id="board-about")
        yield Static(id="board-head")
        yield NameList(id="board-rows")
        yield Static(id="board-foot")
        yield KeyFooter()

    @while_open
    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self._read()

    def _read(self) -> None:
        try:
            self._entries, self._flaws = self._battles.ledger.read()
        except ValueError as error:
            self.query_one("#board-foot", Static).update(Content(f"✖ {flat(str(error))}"))
            return
        self._divisions = divisions(self._entries)
        self._draw()

    def _draw(self) -> None:
        title, about, head, foot = (self.query_one(f"#board-{part}", Static) for part in ("title", "about", "head", "foot"))
        rows = self.query_one(OptionList)
        rows.clear_options()
        if not self._divisions:
            title.update("The leaderboards")
            about.update("No battle has been fought yet. In the hall, b lets agents battle.")
            return
        division = self._divisions[self._division]
        name, words = TITLES[self._kind]
        title.update(Content(name))
        about.update(Content(words.format(floor=self._floor(division))))
        self._places = [] if self._kind == "ratings" else board(self._entries, division, self._kind)
        lines = rating_lines(ratings(self._entries, division)) if self._kind == "ratings" else self._board_lines()
        head.update(Content(lines[0] if len(lines) > 1 else ""))
        rows.add_options([Content(line) for line in lines[1:]] or [Content("No score is above the floor yet.")])
        rows.highlighted = 0
        self.refresh_bindings()
        flaws = f"   ✖ {counted(len(self._flaws), 'flaw')} in the ledger: rolltrain arena verify" if self._flaws else ""
        foot.update(Content(f"◂ division {self._division + 1} of {len(self._divisions)} ▸  {flat(division.title)}{flaws}"))

    def _floor(self, division: Division) -> float:
        return next(entry.match.terms.floor for entry in self._entries if division_of(entry.match.terms) == division)

    def _board_lines(self) -> list[str]:
        wide = self.size.width >= 100
        return board_lines(self._places, max(8, self.size.width - 66 - 10 * wide), marks=wide)

    @on(OptionList.OptionSelected)
    @while_open
    def _selected(self) -> None:
        self.action_again()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A row of the ratings stands for many matches, and a board without rows for none: the key is dimmed."""
        return None if action == "again" and not self._places else super().check_action(action, parameters)

    def action_again(self) -> None:
        index = self.query_one(OptionList).highlighted
        if index is None or index >= len(self._places):
            self.app.bell()
            return
        number = self._places[index].match
        recorded = next(entry for entry in self._entries if entry.number == number)
        self.app.push_screen(self._repeat(self._battles, recorded))

    def action_board(self) -> None:
        self._kind = KINDS[(KINDS.index(self._kind) + 1) % len(KINDS)]
        self._draw()

    def action_division(self, by: int) -> None:
        if self._divisions:
            self._division = (self._division + by) % len(self._divisions)
            self._draw()
