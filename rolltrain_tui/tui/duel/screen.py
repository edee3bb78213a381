"""The table of a duel. Digits name coordinates or take one; everything else can be asked beside the board, and costs nothing."""

from collections.abc import Callable, Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.timer import Timer

from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.modes.duel.game import GameError
from rolltrain_tui.modes.duel.players.names import other
from rolltrain_tui.modes.duel.table import words
from rolltrain_tui.modes.duel.table.insight import worst_case
from rolltrain_tui.modes.duel.table.position import Move, most_of, names
from rolltrain_tui.modes.duel.table.seats import expert
from rolltrain_tui.modes.duel.table.sitting import Sitting
from rolltrain_tui.tui.duel.picture import Pane, TableScreen
from rolltrain_tui.tui.screens.dialogs.command_palette import KeyVerbs
from rolltrain_tui.tui.screens.kinds.base import HelpScreen, keys_of
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.threads.worker import Stopped, Worker
from rolltrain_tui.tui.widgets.story import StoryPanel

WATCH_SECONDS = 0.7
"""Seconds between the moves of a game that is watched."""
LOOK_SECONDS = 0.1


class DuelScreen(TableScreen):
    """A series of games between the person and a player. Escape gets up from the table."""

    COMMANDS = {KeyVerbs}
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"pick({n - 1})", f"Coordinate {n}", show=False) for n in range(1, 9)),
        Binding("escape", "back", "Leave", tooltip="Get up from the table"),
        Binding("enter", "play", "Play", tooltip="Host: name what is ticked. After a game: the next one"),
        Binding("l", "pane('ahead')", "Ahead", tooltip="Look ahead: what each answer of the agent would do"),
        Binding("q", "pane('values')", "Values", tooltip="How a network at this table rates the moves"),
        Binding("h", "hint", "Hint", tooltip="What Zeillinger would name here"),
        Binding("w", "watch", "Watch", tooltip="Watch: a player moves in your place until you press w again; the game does not count"),
        Binding("o", "opponent", "Other", tooltip="Another opponent sits down; this game begins anew"),
        Binding("r", "role", "Role", tooltip="Change seats: a new series in the other role"),
        Binding("b", "again", "Again", tooltip="This game again, from its start"),
        Binding("p", "turn", "Turn", tooltip="Turn the dot plot: other coordinates across and up"),
        Binding("f", "figures", "Figures", show=False, tooltip="Whole numbers, or shares of the largest, as the players see them"),
        Binding("c", "codex", "Codex", show=False, tooltip="The codex about the duel"),
        Binding("pagedown,down", "rows(1)", "Rows on", show=False, tooltip="Further points of the table"),
        Binding("pageup,up", "rows(-1)", "Rows back", show=False, tooltip="Points of the table further up"),
    ]

    def __init__(self, sitting: Sitting) -> None:
        super().__init__(sitting)
        self._timer: Timer | None = None
        """Plays a watched game on."""
        self._search: Worker | None = None
        self._told = ""
        """The last line of what happened."""

    @property
    def watching(self) -> bool:
        return self._timer is not None

    @while_open
    def on_mount(self) -> None:
        self.query_one("#duel-story").border_title = "What happened"
        self._open_game()
        self.set_interval(LOOK_SECONDS, self._look)
        self.call_after_refresh(self.draw)

    def on_unmount(self) -> None:
        if self._search is not None:
            self._search.stop()

    # -----------------------------------------------------------------------------------------------------------------
    # What happens

    def _tell(self, text: str) -> None:
        self._told = text
        self.query_one(StoryPanel).tell(flat(text))

    def _open_game(self) -> None:
        """A game lies on the table that was not there before."""
        sitting = self.sitting
        self.picked.clear()
        self._fell, self._top, self._worst = (), 0, "worst case …"
        self._tell(f"§ Game {sitting.game}: {words.seat_words(sitting)}.")
        if fell := words.start_words(sitting.position):
            self._tell(words.sentence(fell))
        if sitting.position.over:
            self._tell("✖ One point: this game is over before it begins, and does not count.")
        position = sitting.position

        def search(stopped: Stopped) -> Iterator[object]:
            yield words.worst_words(worst_case(position, stopped))

        if self._search is not None:
            self._search.stop()
        self._search = Worker(search)
        self._search.start()

    @while_open
    def _look(self) -> None:
        """Whether the search for the worst case has come to its end."""
        if self._search is not None and not self._search.is_alive():
            self._worst = str(next(iter(self._search.take()), self._search.error))
            self._search = None
            self.draw()

    def _moved(self, move: Move) -> None:
        sitting = self.sitting
        self.picked.clear()
        self._fell = move.falls
        self._tell(words.move_words(move, len(sitting.position.moves), sitting.role) + ".")
        for fell in words.falls_words(move.falls, most_of(move.moved)):
            self._tell(f"  ✖ {fell}")
        if sitting.position.stopped:
            self._stop_watching()
            result = sitting.results[-1]
            mark = "★" if result.won else "✖" if result.won is False else "═"
            self._tell(f"{mark} {words.result_words(result)}")
            if sitting.decided:
                self._tell(f"★ {words.series_words(sitting)}")

    def _open_by(self, deed: Callable[[], None]) -> None:
        """Another game, or this one anew."""

        def open_game() -> None:
            deed()
            self._open_game()

        self._stop_watching()
        self._try(open_game)

    def _try(self, deed: Callable[[], None]) -> None:
        """Do it; a mistake is explained and costs nothing."""
        try:
            deed()
        except GameError as error:
            if (told := f"✖ {words.sentence(str(error))}") != self._told:  # keys that repeat would push out what happened
                self._tell(told)
        self.draw()

    # -----------------------------------------------------------------------------------------------------------------
    # Keys

    def action_pick(self, axis: int) -> None:
        """Host: tick a coordinate or take the tick away. Agent: take it."""
        self._fell = ()
        sitting = self.sitting
        if sitting.role == "agent":
            self._try(lambda: self._moved(sitting.play([axis])))
        elif axis >= sitting.position.rules.dimension or sitting.position.stopped:
            self._try(lambda: self._refuse(axis))
        else:
            self.picked ^= {axis}
            self.draw()

    def _refuse(self, axis: int) -> None:
        self.sitting.position.check_host([axis, 0, 1])

    def action_play(self) -> None:
        self._fell = ()
        self._stop_watching()
        sitting = self.sitting
        if sitting.position.stopped:
            self._open_by(sitting.next_game)
        elif sitting.role == "host":
            self._try(lambda: self._moved(sitting.play(sorted(self.picked))))
        else:
            self._tell(f"The host names {names(sitting.named)}: press the digit of one of them.")

    def action_hint(self) -> None:
        sitting = self.sitting
        if sitting.position.over:
            return
        chosen = expert("host").names(sitting.position, sitting.chance[0, 0])
        self._tell(f"▲ Zeillinger would name {names(chosen)} here.")

    def action_pane(self, pane: Pane) -> None:
        self.pane = "plot" if self.pane == pane else pane
        self.draw()

    def action_watch(self) -> None:
        if self.watching:
            self._stop_watching()
            self._tell("You play on yourself. This game does not count.")
            return
        self._try(self._watch_on)
        if not self.sitting.position.stopped:
            self._timer = self.set_interval(WATCH_SECONDS, self._watch_tick)

    def _watch_on(self) -> None:
        if not self.sitting.watched:
            self._tell(words.sentence(f"{self.sitting.stand_in().title} plays in your place; this game does not count. w: you play on"))
        self._moved(self.sitting.watch())

    @while_open
    def _watch_tick(self) -> None:
        if not self.is_active:  # something lies over the table
            return
        self._try(self._watch_on)

    def _stop_watching(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def action_opponent(self) -> None:
        self._open_by(self.sitting.next_opponent)

    def action_role(self) -> None:
        self._open_by(lambda: self.sitting.new_series(other(self.sitting.role)))

    def action_again(self) -> None:
        self._open_by(self.sitting.again)

    def action_turn(self) -> None:
        """Where another pane is open, the plot comes back as it was."""
        if self.pane == "plot":
            self._turned = (self._turned + 1) % self.sitting.position.rules.dimension
        self.pane = "plot"
        self.draw()

    def action_figures(self) -> None:
        self._as_shares = not self._as_shares
        self._tell("Figures: shares of the largest." if self._as_shares else "Figures: whole numbers.")
        self.draw()

    def action_rows(self, by: int) -> None:
        room = max(1, self.query_one("#duel-table").content_size.height - 3)
        most = max(0, len(self.sitting.position.points) + len(self._fell) - room)
        self._top = min(most, max(0, self._top + by * room))
        self.draw()

    def action_help(self) -> None:
        dimension = self.sitting.position.rules.dimension
        rows = [(f"1 to {dimension}", "Host: tick a coordinate, or take the tick away. Agent: take it")]
        rows += [(keys, line) for keys, line in keys_of(self) if not line.startswith("Coordinate ")]
        self.app.push_screen(HelpScreen(rows, "Keys of the table"))

    def action_codex(self) -> None:
        self.host.open_codex("duel")

    def action_back(self) -> None:
        self._stop_watching()
        self.dismiss(None)
