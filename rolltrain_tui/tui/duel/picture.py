"""The picture of a table: which panels there are in this room, and what stands in them."""

from typing import Literal

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.geometry import Size

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.modes.duel.table import words
from rolltrain_tui.modes.duel.table.position import Fall
from rolltrain_tui.modes.duel.table.sitting import Sitting
from rolltrain_tui.tui.duel import plot
from rolltrain_tui.tui.duel.board import prompt_lines, table_lines, table_width
from rolltrain_tui.tui.duel.insight import ahead_lines, value_lines, values_title
from rolltrain_tui.tui.screens.kinds.base import TavernScreen
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.widgets.keys import Key, KeyLine
from rolltrain_tui.tui.widgets.panel import Line, Panel, justify, paragraph
from rolltrain_tui.tui.widgets.story import StoryPanel

Pane = Literal["plot", "ahead", "values"]
WIDE, TWO_PANES = 100, 100
"""Columns from which shares stand beside whole numbers, and from which there are two panes."""
MOST_BESIDE = 4
"""Coordinates with which the shares still fit beside them."""
INSIGHT = 34
"""Cells of a pane that answers a question, from which the dots stay beside it."""
FRAME = 4
"""Cells of a panel's edges."""
SMALLEST = 60, 18
TALL = 30
"""Rows from which more is kept in sight of what happened."""
TOO_SMALL = "This terminal is too small for the table: at least 60 columns and 18 rows."


class TableScreen(TavernScreen):
    """Draws a sitting. What happens at it is the subclass's."""

    CSS_PATH = "duel.tcss"

    def __init__(self, sitting: Sitting) -> None:
        super().__init__()
        self.sitting = sitting
        self.picked: set[int] = set()
        self.pane: Pane = "plot"
        self._fell: tuple[Fall, ...] = ()
        """With the last move; they stay in sight until the next key that acts."""
        self._top = self._turned = 0
        self._as_shares = False
        self._worst = ""

    @property
    def watching(self) -> bool:
        """A player moves in the person's place."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        yield Panel(id="duel-head")
        yield Panel(id="duel-facts")
        with Horizontal(id="duel-middle"):
            yield Panel(id="duel-table")
            yield Panel(id="duel-first", classes="duel-pane")
            yield Panel(id="duel-second", classes="duel-pane")
        yield StoryPanel(id="duel-story")
        yield Panel(id="duel-prompt")
        yield KeyLine(id="duel-keys")

    @while_open
    def on_resize(self) -> None:
        self.call_after_refresh(self.draw)

    @while_open
    def draw(self) -> None:
        sitting, (width, height) = self.sitting, self.size
        position = sitting.position
        head = self.query_one("#duel-head", Panel)
        self.set_class(tiny := width < SMALLEST[0] or height < SMALLEST[1], "-tiny")
        if tiny:
            head.show(paragraph(TOO_SMALL, max(1, width - 4)))
            return
        self.query_one("#duel-story").styles.height = 11 if height >= TALL else max(5, min(7, height - 15))
        left = f"Game {sitting.game} {words.seat_words_short(sitting)}"
        if width >= WIDE:
            left = f"Game {sitting.game}, best of {sitting.best_of}: {words.seat_words(sitting)}"
        head.show([justify([(left, "accent")], [(words.score_words(sitting), "strong")], head.content_size.width)])
        facts = self.query_one("#duel-facts", Panel)
        moves = f"move {len(position.moves)}" if not position.stopped else f"over, move {len(position.moves)}"
        told = f"{moves} · {words.par_words(sitting)}"
        facts.show([justify([(told, "")], [(self._short_worst(), "muted")], facts.content_size.width)])
        self._draw_table(width)
        self._draw_panes(width)
        prompt = self.query_one("#duel-prompt", Panel)
        prompt.show(prompt_lines(sitting, self.picked))
        self.query_one(KeyLine).show_keys(self._keys())
        drawn_for = self._sizes()
        self.call_after_refresh(lambda: self._draw_again_unless(drawn_for))

    def _sizes(self) -> list[Size]:
        return [panel.content_size for panel in self.query(Panel)]

    @while_open
    def _draw_again_unless(self, drawn_for: list[Size]) -> None:
        """What is drawn decides which panels there are and how wide: they are filled once more if that has changed."""
        if self._sizes() != drawn_for:
            self.draw()

    def _keys(self) -> list[Key]:
        """What can be pressed now; dim what cannot."""
        going = not self.sitting.position.stopped
        enter = "Next" if not going else "Play"
        plain = [
            ("Enter", enter, "play", self.sitting.role == "host" or not going),
            ("l", "Ahead", "pane('ahead')", going),
            ("h", "Hint", "hint", going),
            ("q", "Values", "pane('values')", bool(self.sitting.guests.networks)),
            ("w", "Stop" if self.watching else "Watch", "watch", going),
            ("o", "Other", "opponent", going),
            ("r", "Role", "role", True),
            ("b", "Again", "again", going),
            ("p", "Turn", "turn", True),
            ("f", "Figures", "figures", True),
            ("esc", "Leave", "back", True),
        ]
        return [Key(key, label, f"screen.{action}", usable) for key, label, action, usable in plain]

    def _short_worst(self) -> str:
        return self._worst if self.size.width >= WIDE else self._worst.partition(" (")[0].replace("too many games to search", "unknown")

    def _draw_table(self, width: int) -> None:
        sitting, dimension = self.sitting, self.sitting.position.rules.dimension
        points = sitting.position.points
        beside = width >= WIDE and dimension <= MOST_BESIDE and not self._as_shares
        table = self.query_one("#duel-table", Panel)
        table.styles.width = table_width(dimension, shares=beside) + FRAME
        table.name_box(counted(len(points), "point") + (f", {unit}" if (unit := words.unit_words(sitting.position)) else ""))
        named = self.picked if sitting.role == "host" else set(sitting.named)
        table.show(table_lines(points, self._fell, named, table.content_size.height, self._top, shares=beside, as_shares=self._as_shares))

    def _draw_panes(self, width: int) -> None:
        dimension = self.sitting.position.rules.dimension
        room = width - self.query_one("#duel-table").styles.width.value - FRAME  # type: ignore[union-attr]
        axes = plot.panes(dimension, self._turned)
        first, second = self.query_one("#duel-first", Panel), self.query_one("#duel-second", Panel)
        asked = self.pane != "plot"
        second.display = width >= TWO_PANES and room // 2 >= (INSIGHT if asked else plot.LEAST[0]) and (asked or len(axes) > 1)
        first.display = room >= plot.LEAST[0] or asked
        self.query_one("#duel-table").display = room >= plot.LEAST[0] or not asked
        self._draw_pane(first, "plot" if second.display else self.pane, axes[0])
        if second.display:
            self._draw_pane(second, self.pane, axes[-1])

    def _draw_pane(self, panel: Panel, pane: Pane, axes: tuple[int, ...]) -> None:
        width, height = panel.content_size.width, panel.content_size.height
        titles = {"ahead": "Look ahead", "values": values_title(self.sitting)}
        panel.name_box(titles.get(pane) or plot.title(self.sitting.position.points, axes, width))
        lines: list[Line]
        if pane == "ahead":
            lines = ahead_lines(self.sitting, sorted(self.picked), width, height)
        elif pane == "values":
            lines = value_lines(self.sitting, sorted(self.picked), width, height)
        else:
            lines = plot.plot_lines(self.sitting.position.points, tuple(fall.point for fall in self._fell), axes, width, height)
        panel.show(lines)
