"""The duel in lines: the board as text, one line a move, everything that the screen can do. Input may come from a pipe."""

import sys
from collections.abc import Callable, Iterable
from itertools import islice, takewhile

from rolltrain_tui.base.grammar import counted, minus
from rolltrain_tui.modes.duel.game import GameError
from rolltrain_tui.modes.duel.table import words
from rolltrain_tui.modes.duel.table.insight import all_answers, answers, worst_case
from rolltrain_tui.modes.duel.table.position import AXES, IllegalMoveError, Move, most_of, names
from rolltrain_tui.modes.duel.table.seats import expert, values_of
from rolltrain_tui.modes.duel.table.sitting import Sitting
from rolltrain_tui.modes.duel.table.typed import COMMANDS, Choice, Order, axes_of, read

MOST_ANSWERS = 12
"""Lines of a look-ahead over every set of coordinates."""


class PlainTable:
    """Hears lines and says what comes of them."""

    def __init__(self, sitting: Sitting, say: Callable[[str], None]) -> None:
        self.sitting, self._say = sitting, say
        self.done = False
        """The series is decided, or the person has left."""

    def open(self) -> None:
        sitting = self.sitting
        rules = sitting.position.rules
        self._say(f"The duel: {rules.dimension} coordinates, best of {sitting.best_of}. Type help for what you can do.")
        self._open_game()

    def hear(self, line: str) -> None:
        """Take one line. A mistake is explained and costs nothing."""
        try:
            order = read(line, self.sitting.position.rules.dimension)
            if isinstance(order, Choice):
                self._tell_move(self.sitting.play(order.axes))
            else:
                self._obey(order or Order("b"))
        except GameError as error:
            self._say(f"✖ {words.sentence(str(error))}")

    def close(self) -> None:
        """Nothing more is typed."""
        if not self.done:
            self._say(f"You get up from the table: {words.score_words(self.sitting)}.")

    # -----------------------------------------------------------------------------------------------------------------
    # Commands

    def _obey(self, order: Order) -> None:
        sitting = self.sitting
        match order.word:
            case "?":
                self._look_ahead(order.rest)
            case "h":
                chosen = expert("host").names(sitting.position, sitting.chance[0, 0])
                self._say(f"Zeillinger would name {names(chosen)}." if not sitting.position.over else "There is nothing to name.")
            case "q":
                self._rate()
            case "b":
                self._show_board()
            case "w":
                self._watch(order.rest)
            case "o":
                sitting.next_opponent()
                self._open_game()
            case "again":
                sitting.again()
                self._open_game()
            case "score":
                for number, result in enumerate(sitting.results, 1):
                    self._say(f"Game {number}, {result.role} against {result.opponent}: {words.result_words(result)}")
                self._say(f"{words.score_words(sitting)}, best of {sitting.best_of}.")
            case "help":
                self._say("A move is digits or letters: 13 or xz names x and z; as agent, 3 or z takes z.")
                for command, line in COMMANDS.items():
                    self._say(f"  {command:<6} {line}")
            case _:
                self.close()
                self.done = True

    def _look_ahead(self, rest: str) -> None:
        sitting = self.sitting
        dimension = sitting.position.rules.dimension
        if rest or sitting.role == "agent":
            chosen = axes_of(rest, dimension) if rest else sitting.named
            for move in answers(sitting.position, chosen):
                self._say(f"  {names(move.chosen)}, agent {words.answer_words(move)}")
            return
        for move in islice((move for _, moves in all_answers(sitting.position) for move in moves), MOST_ANSWERS):
            self._say(f"  {names(move.chosen)}, agent {words.answer_words(move)}")
        if (more := dimension * (2 ** (dimension - 1) - 1) - MOST_ANSWERS) > 0:
            self._say(f"  and {more} more; ? 13 looks at naming 1 and 3 alone")

    def _rate(self) -> None:
        sitting = self.sitting
        seats = sitting.guests.networks
        if not seats:
            raise IllegalMoveError("no network sits at this table; ask one to it with --against RUN")
        for seat in seats:
            chosen = sitting.named or None
            self._say(f"As {seat.role}, {seat.title} rates:")
            for axes, value in values_of(seat, sitting.position.points, chosen, sitting.position.rules.dimension)[:MOST_ANSWERS]:
                self._say(f"  {minus(f'{value:+.3f}')}  {names(axes)}")

    def _watch(self, rest: str) -> None:
        if rest and not (rest.isascii() and rest.isdecimal() and len(rest) <= 5):
            raise IllegalMoveError(f"{rest[:40]!r} is no number of moves: watch 20 makes up to 20")
        sitting = self.sitting
        number = sitting.number
        for _ in range(int(rest or 1)):
            if self.done or sitting.number != number:
                break
            if not sitting.watched:
                self._say(words.sentence(f"{sitting.stand_in().title} plays in your place; this game does not count"))
            self._tell_move(sitting.watch())

    # -----------------------------------------------------------------------------------------------------------------
    # What is said

    def _open_game(self) -> None:
        sitting = self.sitting
        self._say("")
        self._say(f"Game {sitting.game}: {words.seat_words(sitting)}.")
        self._say(words.sentence(f"{words.par_words(sitting)}; {words.worst_words(worst_case(sitting.position))}"))
        if fell := words.start_words(sitting.position):
            self._say(words.sentence(fell))
        self._say(words.AIM[sitting.role])
        self._show_board()
        if sitting.position.over:
            self._say("This game is over before it begins, with one point; ask for more points.")
            self.done = True

    def _show_board(self) -> None:
        position = self.sitting.position
        axes = AXES[: position.rules.dimension]
        rows = words.table_rows(position.points)
        wide = max([len(cell) for row in rows for cell in row] + [3])
        unit = words.unit_words(position)
        self._say("  " + "".join(f"{axis:>{wide + 1}}" for axis in axes) + f"   {counted(len(rows), 'point')}{', ' + unit if unit else ''}")
        for row in rows:
            self._say("  " + "".join(f"{cell:>{wide + 1}}" for cell in row))
        if self.sitting.named:
            self._say(f"The host names {names(self.sitting.named)}: take one of them.")

    def _tell_move(self, move: Move) -> None:
        sitting = self.sitting
        number = len(sitting.position.moves)
        self._say(f"{words.move_words(move, number, sitting.role)}.")
        for fell in words.falls_words(move.falls, most_of(move.moved)):
            self._say(f"  {fell}")
        if not sitting.position.stopped:
            self._show_board()
            return
        self._say(words.result_words(sitting.results[-1]))
        self._say(f"{words.score_words(sitting)}.")
        if sitting.decided:
            self._say(words.series_words(sitting))
            self.done = True
        else:
            sitting.next_game()
            self._open_game()


def play(sitting: Sitting, lines: Iterable[str], say: Callable[[str], None]) -> None:
    """Play until the series is decided, the person leaves, or there are no more lines."""
    table = PlainTable(sitting, say)
    table.open()
    for line in () if table.done else lines:
        table.hear(line)
        if table.done:
            return
    table.close()


def play_on_terminal(sitting: Sitting) -> int:
    """Read standard input, write standard output. The exit code."""
    from rolltrain_tui.plain.listening import lines_of
    from rolltrain_tui.plain.views import SafeStream

    voice = SafeStream(sys.stdout)
    play(sitting, takewhile(lambda _: not voice.lost, lines_of(sys.stdin)), voice.say)
    return voice.settled()
