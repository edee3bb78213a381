"""The room votes: the tally as it comes, hands counted by keys, and the winner."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from rolltrain_tui.classroom.ballot import MOST_HANDS, Ballot, Tally
from rolltrain_tui.classroom.questions import Question
from rolltrain_tui.tui.screens.kinds.dialog import Dialog
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.widgets.game.votes import vote_lines
from rolltrain_tui.tui.widgets.panel import Line, WholePanel

LOOK_SECONDS = 0.1
FRAME = 7
"""Rows of the screen that are not the vote's: edges, the keys, and what is seen of the game behind."""


class VoteScreen(Dialog[Tally | None]):
    """Opens a round and answers with its tally; None where it was given up.

    Enter closes the round and shows who won, Enter again plays it. Digits count hands for the row with the mark.
    """

    CSS_PATH = "vote.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "take", "Close the vote", priority=True),
        Binding("escape", "give_up", "No vote", priority=True),
        Binding("down,tab", "move(1)", "Down", show=False, priority=True),
        Binding("up,shift+tab", "move(-1)", "Up", show=False, priority=True),
        Binding("backspace", "rub_out", "Rub out", show=False, priority=True),
        *(Binding(str(digit), f"type({digit})", f"Digit {digit}", show=False, priority=True) for digit in range(10)),
    ]
    # All keys have priority: those that have it overtake those that do not, and a fast hand would count for the wrong row.

    def __init__(self, ballot: Ballot, question: Question) -> None:
        super().__init__()
        self._ballot, self._asked = ballot, ballot.open_round(question.text, question.options)
        self._row = 0
        self._hands = [0] * len(self._asked.options)
        self._result: Tally | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="vote"):
            yield WholePanel(self._lines, id="vote-lines")
            yield Static(id="vote-foot")

    @while_open
    def on_mount(self) -> None:
        self.query_one("#vote").border_title = "The room votes"
        self.set_interval(LOOK_SECONDS, self.look)
        self.look()

    def on_unmount(self) -> None:
        if self._still_asked:  # the game was left
            self._ballot.give_up()

    @while_open
    def on_resize(self) -> None:
        self.look()

    @while_open
    def look(self) -> None:
        """Show how the vote stands now."""
        panel = self.query_one(WholePanel)
        height = len(self._lines(max(20, min(self.size.width * 9 // 10, 100) - 8), self.size.height))
        panel.styles.height = height
        panel.look_again()
        self.query_one("#vote-foot", Static).update(self._foot())

    def _lines(self, width: int, height: int) -> list[Line]:
        tally = self._result or self._ballot.tally()
        if tally is None:
            return []
        return vote_lines(tally, width, self.size.height - FRAME, self._row, self._hands, self._ballot.invitation)

    def _foot(self) -> Content:
        if self._result is not None:
            won = self._result.winner is not None
            return Content.assemble(
                ("Enter", "$accent"), ": play it · " if won else ": go on", *((("Esc", "$accent"), ": do not") if won else ())
            )
        return Content.assemble(
            ("↑ ↓", "$accent"), ": option · ", ("digits", "$accent"), ": its hands · ", ("Enter", "$accent"), ": close · ",
            ("Esc", "$accent"), ": no vote",
        )  # fmt: skip

    # Keys.

    @property
    def _still_asked(self) -> bool:
        """Whether its own round is open. A key typed fast comes after the end, and another vote may have taken its place."""
        tally = self._ballot.tally()
        return tally is not None and tally.open and tally.round is self._asked

    def action_take(self) -> None:
        if self._still_asked:
            self._result = self._ballot.close()
            self.look()
        elif self.is_current:
            self.dismiss(self._result)

    def action_give_up(self) -> None:
        if self._still_asked:
            self._ballot.give_up()
        if self.is_current:
            self.dismiss(None)

    def action_move(self, by: int) -> None:
        self._row = (self._row + by) % len(self._hands)
        self.look()

    def action_rub_out(self) -> None:
        self._count(self._hands[self._row] // 10)

    def action_type(self, digit: int) -> None:
        self._count(10 * self._hands[self._row] + digit)

    def _count(self, hands: int) -> None:
        if self._still_asked and hands <= MOST_HANDS:
            self._hands[self._row] = hands
            self._ballot.count_hands(self._asked.number, self._row, hands)
            self.look()
