"""A vote as lines: the question, a bar for each option, how it stands and how it ended."""

from collections.abc import Sequence

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.classroom.ballot import TIE, Option, Tally
from rolltrain_tui.classroom.questions import outcome_of
from rolltrain_tui.tui.widgets.panel import Line, Span, bar, cut, justify, paragraph

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""The letters of the options: digits are hands."""
ROOMY_ROWS = 4
"""Rows of an option where there is room: title, bar, what it does, and a gap."""


def vote_lines(tally: Tally, width: int, height: int, row: int, hands: Sequence[int], invitation: str) -> list[Line]:
    """`row` is the option whose hands are being counted, `hands` how many were raised for each, `invitation` where the room votes."""
    options = tally.round.options
    lines = paragraph(tally.round.question, width, "strong")
    foot = _foot(tally, width, invitation)
    roomy = len(lines) + 2 + ROOMY_ROWS * len(options) + len(foot) <= height
    lines.append([])
    for place, option in enumerate(options):
        chosen = not tally.open and option is tally.winner
        name = f"{'★' if chosen else '▸' if tally.open and place == row else ' '} {LETTERS[place]}  {option.title}"
        tone = "accent" if chosen else "strong" if tally.open and place == row else ""
        count = f"{tally.votes[place]:>4}"
        raised = f" (hands {hands[place]})" if hands[place] and tally.browsers else ""
        lines += _roomy(option, tally, place, [(name, tone)], raised + count, width) if roomy else [
            _tight(tally, place, (name, tone), raised + count, width)
        ]  # fmt: skip
    return [*lines, *([] if roomy else [[]]), *foot]


def _roomy(option: Option, tally: Tally, place: int, name: Line, count: str, width: int) -> list[Line]:
    gauge = bar(tally.votes[place], max(1, tally.total), width - 5, _tone(tally, place))
    words = option.about if len(option.about) <= width - 5 else option.about.partition(":")[0]
    about: list[Line] = [[(f"     {cut(words, width - 5)}", "muted")]]
    return [justify(name, [(count, "accent")], width), [("     ", ""), *gauge], *about, []]


def _tight(tally: Tally, place: int, name: Span, count: str, width: int) -> Line:
    room = max(20, width // 2)
    gauge = bar(tally.votes[place], max(1, tally.total), max(4, width - room - len(count)), _tone(tally, place))
    return [(f"{cut(name[0], room - 1):<{room}}", name[1]), *gauge, (count, "accent")]


def _tone(tally: Tally, place: int) -> str:
    leads = tally.total > 0 and tally.votes[place] == max(tally.votes)
    return "accent" if leads else "cool"


def _foot(tally: Tally, width: int, invitation: str) -> list[Line]:
    if not tally.open:
        return paragraph(outcome_of(tally), width, "accent")
    by_browser = f", {tally.browsers} of them by browser" if tally.browsers else ""
    votes = f"{counted(tally.total, 'vote')}{by_browser}. {TIE}"
    lines = paragraph(votes, width, "muted")
    return lines + (paragraph(f"Vote at {invitation}", width, "accent") if invitation else [])
