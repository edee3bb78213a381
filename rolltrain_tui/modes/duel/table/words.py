"""A table in sentences: positions, moves, what fell and why, results."""

from collections.abc import Sequence

from rolltrain_tui.base.grammar import capital, counted
from rolltrain_tui.modes.duel.players.names import Role
from rolltrain_tui.modes.duel.table.insight import Outcome
from rolltrain_tui.modes.duel.table.position import AXES, WHOLE, Fall, Move, Points, Position, figure, most_of, names, rough, shown
from rolltrain_tui.modes.duel.table.sitting import Result, Sitting

NO_END = "no end"
AIM = {
    "host": "You are the host: name two coordinates or more. You want one point left, soon.",
    "agent": "You are the agent: take one of the coordinates named. You want the game to last.",
}


def fall_words(fall: Fall, most: int = 0) -> str:
    """Such as "(3,4,1) fell: (2,4,1) is below it"."""
    own = shown(fall.point, most)
    if fall.because is None:
        return f"{own} fell: a mixture of others is below it"
    if fall.because == fall.point:
        return f"{own} fell: it stands there twice"
    return f"{own} fell: {shown(fall.because, most)} is below it"


def start_words(position: Position) -> str:
    """How many of the points drawn fell before the first move; empty where none did."""
    if not position.fell:
        return ""
    drawn = len(position.fell) + (len(position.moves[0].moved) if position.moves else len(position.points))
    return (
        f"{len(position.fell)} of {drawn} points fell before the first move, such as {fall_words(position.fell[0]).replace(' fell', '', 1)}"
    )


def falls_words(falls: Sequence[Fall], most: int = 0) -> list[str]:
    """A sentence for each."""
    return [f"{fall_words(fall, most)}." for fall in falls]


def move_words(move: Move, number: int, role: Role) -> str:
    """Such as "Move 3: you named x and z, the agent took z; 5 points left"."""
    host, agent = ("you", "the agent") if role == "host" else ("the host", "you")
    return f"Move {number}: {host} named {names(move.chosen)}, {agent} took {AXES[move.axis]}; {counted(len(move.points), 'point')} left"


def answer_words(move: Move) -> str:
    """What an answer of the agent would do: "z: 3 points left; (3,4,1) and 1 more would fall"."""
    most = most_of(move.moved)
    falls = ""
    if move.falls:
        more = f" and {len(move.falls) - 1} more" if len(move.falls) > 1 else ""
        falls = f"; {shown(move.falls[0].point, most)}{more} would fall"
    end = ", the end" if len(move.points) <= 1 else ""
    return f"{AXES[move.axis]}: {counted(len(move.points), 'point')} left{end}{falls}"


def shown_all(points: Points) -> list[str]:
    """Every point, such as (3,4,1)."""
    return [shown(point, most_of(points)) for point in points]


def table_rows(points: Points) -> list[list[str]]:
    """The coordinates of each point as text."""
    most = most_of(points)
    return [[figure(value, most) for value in point] for point in points]


def unit_words(position: Position) -> str:
    """What the figures of a table are, where they are no whole numbers."""
    return f"shares of {rough(position.most)}" if position.most >= WHOLE else ""


def outcome_words(outcome: Outcome) -> str:
    return counted(outcome.moves, "move") if outcome.over else f"{NO_END} in {counted(outcome.moves, 'move')}"


def par_words(sitting: Sitting) -> str:
    """Such as "par: 5 moves (Zeillinger's)"."""
    whose = "Zeillinger's" if sitting.role == "host" else 'agent "first"'
    return f"par: {outcome_words(sitting.par)} ({whose})"


def worst_words(worst: int | None) -> str:
    """The longest game that any agent can force against Zeillinger."""
    if worst is None:
        return "worst case: too many games to search"
    return f"worst case: {counted(worst, 'move')} (Zeillinger, against any agent)"


def sentence(text: str) -> str:
    """With a capital at the beginning and a full stop at the end."""
    return f"{capital(text)}."


def either(axes: Sequence[int]) -> str:
    """The keys of some coordinates, such as "1, 2 or 3"."""
    keys = [str(axis + 1) for axis in axes]
    return f"{', '.join(keys[:-1])} or {keys[-1]}" if len(keys) > 1 else "".join(keys)


def seat_words(sitting: Sitting) -> str:
    return f"you are the {sitting.role} against {sitting.opponent.title}"


def seat_words_short(sitting: Sitting) -> str:
    return f"as {sitting.role} against {sitting.opponent.title}"


def score_words(sitting: Sitting) -> str:
    won, lost = sitting.score
    return f"you {won} : {lost} {sitting.opponent.name}"


def result_words(result: Result) -> str:
    """How a game ended, and who has won it and why."""
    outcome, par = result.outcome, result.par
    ended = f"Over after {outcome_words(outcome)}" if outcome.over else f"Stopped at the limit: {outcome_words(outcome)}"
    if result.won is None:
        return f"{ended}; par {outcome_words(par)}. It does not count: you watched."
    if result.role == "host":
        why = "at most par" if result.won else "more than par" if outcome.over else "a host must end the game"
    else:
        why = "at least par" if result.won else "less than par"
    return f"{ended}, {why} ({outcome_words(par)}): {'you win' if result.won else 'you lose'} the game."


def series_words(sitting: Sitting) -> str:
    """The result of a series that is decided."""
    won, lost = sitting.score
    return f"You {'win' if won > lost else 'lose'} the series {won} : {lost}."
