"""A line that a person types at the table: a move in digits or letters, or a command."""

from dataclasses import dataclass

from rolltrain_tui.modes.duel.table.position import AXES, IllegalMoveError

BETWEEN = " ,;+&"
"""What may stand between two coordinates."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The coordinates of a move."""

    axes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """A command and what follows it."""

    word: str
    rest: str = ""


COMMANDS = {
    "?": "look ahead: what each answer of the agent would do; ? 13 for naming 1 and 3",
    "h": "what Zeillinger would name",
    "q": "how a network at this table rates the moves",
    "b": "the board again",
    "w": "watch: a player makes one move in your place, and the game does not count; watch 20 makes up to 20",
    "o": "another opponent; this game begins anew",
    "again": "this game from its start",
    "score": "the games so far",
    "help": "this list",
    "leave": "get up from the table",
}
ALIASES = {
    "look": "?",
    "hint": "h",
    "zeillinger": "h",
    "values": "q",
    "board": "b",
    "watch": "w",
    "opponent": "o",
    "quit": "leave",
    "exit": "leave",
}


def read(line: str, dimension: int) -> Choice | Order | None:
    """What a line says; None: nothing. IllegalMoveError where it is neither a move nor a command."""
    text = line.strip().lower()
    if not text:
        return None
    if text.startswith("?"):
        return Order("?", text[1:].strip())
    word, _, rest = text.partition(" ")
    command = ALIASES.get(word, word)
    if command in COMMANDS and not (len(word) == 1 and word in AXES[:dimension]):  # w is a coordinate where there are six
        return Order(command, rest.strip())
    return Choice(axes_of(text, dimension))


def axes_of(text: str, dimension: int) -> tuple[int, ...]:
    """Coordinates as digits from 1 or as letters: "13", "1 3", "xz". IllegalMoveError for anything else."""
    signs = [sign for sign in text.lower() if sign not in BETWEEN]
    if signs and all(sign in "0123456789" for sign in signs):
        return tuple(int(sign) - 1 for sign in signs)
    if signs and all(sign in AXES[:dimension] for sign in signs):
        return tuple(AXES.index(sign) for sign in signs)
    raise IllegalMoveError(
        f"{text[:40]!r} is no move: write coordinates as digits or letters, such as 12 or {AXES[:2]}; help lists what else there is"
    )
