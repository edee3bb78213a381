"""Panes beside the board: what each answer would do, and how a network rates the moves."""

from collections.abc import Sequence
from itertools import islice

from rolltrain_tui.base.grammar import minus
from rolltrain_tui.modes.duel.table import words
from rolltrain_tui.modes.duel.table.insight import all_answers, answers
from rolltrain_tui.modes.duel.table.position import AXES, names
from rolltrain_tui.modes.duel.table.seats import Seat, values_of
from rolltrain_tui.modes.duel.table.sitting import Sitting
from rolltrain_tui.tui.widgets.panel import Line, bar, cut, paragraph, wrap

ROWS_OF_POINTS = 6
"""Points of a board to come that are told."""


def ahead_lines(sitting: Sitting, picked: Sequence[int], width: int, height: int) -> list[Line]:
    """With two or more coordinates named: every answer and what falls. Else a line for every set: points left after each answer."""
    position = sitting.position
    if position.stopped:
        return [[("The game is over.", "muted")]]
    named = sitting.named if sitting.role == "agent" else tuple(sorted(picked))
    if len(named) >= 2:
        lines: list[Line] = [[(f"Naming {names(named)}:", "primary+strong")]]
        for move in answers(position, named):
            told = words.answer_words(move)
            lines += [[(part, "" if n else "strong")] for n, part in enumerate(wrap(told, width))]
            points = " ".join(words.shown_all(move.points)[:ROWS_OF_POINTS])
            lines.append([(cut(f"  {points}{' …' if len(move.points) > ROWS_OF_POINTS else ''}", width), "muted")])
        return lines[:height]
    lines = paragraph("Points left after each answer:", width, "primary+strong")
    for chosen, moves in islice(all_answers(position), height):
        told = "  ".join(f"{AXES[move.axis]} {len(move.points)}{'!' if len(move.points) == 1 else ''}" for move in moves)
        lines.append(
            [
                (f"{''.join(AXES[c] for c in chosen):<{position.rules.dimension + 1}}", "accent"),
                (cut(told, width - position.rules.dimension - 1), ""),
            ]
        )
    if len(lines) > height:
        lines = [*lines[: height - 1], [(cut("… name two to see theirs", width), "muted")]]
    return lines


def values_title(sitting: Sitting) -> str:
    """Whose values they are, for the edge of the pane."""
    seats = _raters(sitting)
    return f"Values: {seats[0].name}, as {seats[0].role}" if seats else "Values"


def _raters(sitting: Sitting) -> list[Seat]:
    """The networks; those of the person's role come first."""
    return sorted(sitting.guests.networks, key=lambda seat: seat.role != sitting.role)


def value_lines(sitting: Sitting, picked: Sequence[int], width: int, height: int) -> list[Line]:
    """A bar for each move, best first."""
    seats = _raters(sitting)
    if not seats:
        return paragraph("No network sits at this table; rolltrain duel --against RUN asks one to it.", width, "muted")
    if sitting.position.stopped:
        return [[("The game is over.", "muted")]]
    seat = seats[0]
    named = sitting.named or (tuple(sorted(picked)) if len(picked) >= 2 else None)
    rated = values_of(seat, sitting.position.points, named, sitting.position.rules.dimension)
    low, high = min(value for _, value in rated), max(value for _, value in rated)
    name = max(len(names(axes)) for axes, _ in rated[:height])
    lines: list[Line] = []
    for n, (axes, value) in enumerate(rated[:height]):
        gauge = bar(value - low + 0.02 * (high - low), (high - low) * 1.02, max(4, width - name - 12), "energy")
        lines.append([("★ " if n == 0 else "  ", "accent"), (f"{names(axes):<{name}} ", ""), *gauge, (minus(f" {value:+.3f}"), "strong")])
    return lines
