"""Six rows of ability scores with keys to change them."""

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from rolltrain_tui.base.grammar import minus
from rolltrain_tui.rules.classes.classes import STATS
from rolltrain_tui.rules.hero.levels import ability_modifier
from rolltrain_tui.tui.stat_sheet import COSTS, WAYS, StatSheet, foes_of

HEADS = {
    "own": "The campaign's own scores. m: the standard array, or points to spend.",
    "array": "The standard array. Left and right: change places with the neighbouring score.",
    "points": "27 points to spend. Left and right: sell and buy.",
}
ROWS_FROM = 2


def uses(stat: str) -> str:
    """What a stat is for in this game, from its tables."""
    own = {"STR": "blows", "CON": "hit points", "INT": "the turn's roll", "WIS": "healing", "CHA": "auras"}
    words = [own[stat]] if stat in own else []
    words += [f"saves against {foes}"] if (foes := foes_of(stat)) else []
    return ", ".join(words)


class StatEditor(Widget, can_focus=True):
    """Edits a StatSheet."""

    DEFAULT_CSS = """
    StatEditor { height: auto; width: 1fr; text-wrap: nowrap; text-overflow: ellipsis; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "row(-1)", "Up", show=False),
        Binding("down,j", "row(1)", "Down", show=False),
        Binding("right,l,plus", "change(1)", "More", key_display="→"),
        Binding("left,h,minus", "change(-1)", "Less", key_display="←"),
        Binding("m", "way", "Way", tooltip="The campaign's own scores, the standard array, or 27 points"),
    ]

    sheet: reactive[StatSheet | None] = reactive(None)
    row: reactive[int] = reactive(0)

    def __init__(self, sheet: StatSheet, primary: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_reactive(StatEditor.sheet, sheet)
        self.primary = primary
        """The chosen class's first stat, where the array puts its best score."""

    @property
    def result(self) -> StatSheet:
        assert self.sheet is not None
        return self.sheet

    def render(self) -> Content:
        sheet = self.result
        head = HEADS[sheet.way]
        if sheet.way == "points":
            head += f" {sheet.points_left} left."
        rows = [self._line(index, stat, sheet) for index, stat in enumerate(STATS)]
        foot = Content.assemble(("★ the class's first stat", "$foreground-muted"))
        return Content("\n").join([Content.assemble((head, "$foreground-muted")), Content(""), *rows, Content(""), foot])

    def _line(self, index: int, stat: str, sheet: StatSheet) -> Content:
        here = index == self.row
        score = sheet.scores[stat]
        price = f"{COSTS[score]} pt" if sheet.way == "points" else ""
        arrows = ("◂", "▸") if here and sheet.way != "own" else (" ", " ")
        star = "★" if stat == self.primary else " "
        return Content.assemble(
            ("▸ " if here else "  ", "bold $accent"),
            (f"{stat} {star}", "bold $accent" if here else "bold"),
            (f"  {arrows[0]}", "$accent"),
            (f"{score:>3} ", "bold"),
            (arrows[1], "$accent"),
            minus(f"  {ability_modifier(score):+d}  "),
            (price.rjust(5) + "   " if price else " ", "$foreground-muted"),
            (uses(stat), "$foreground-muted"),
        )

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        return len(STATS) + 2 * ROWS_FROM

    def action_row(self, by: int) -> None:
        self.row = (self.row + by) % len(STATS)

    def action_change(self, by: int) -> None:
        changed = self.result.change(STATS[self.row], by)
        if changed is self.result:
            self.app.bell()
        self.sheet = changed

    def action_way(self) -> None:
        following = WAYS[(WAYS.index(self.result.way) + 1) % len(WAYS)]
        self.sheet = self.result.by(following, self.primary)

    def on_click(self, event: events.Click) -> None:
        if 0 <= event.y - ROWS_FROM < len(STATS):
            self.row = event.y - ROWS_FROM
