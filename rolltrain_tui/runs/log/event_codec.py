"""Every event and command as one line of JSON, and back, without loss.

A line reads {"type":"DiceRolled","turn":3,...}: the class name, then the fields. Lines are plain ASCII, so a terminal can print them
whatever text they hold. Reading builds nothing but these classes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, get_args

from rolltrain_tui.base.json_records import RecordError, codec, dump_json, load_tagged, parse_json
from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.protocol.events import EVENTS, CommandAccepted, CommandRefused, Event
from rolltrain_tui.protocol.sheet import BLANK, Sheet
from rolltrain_tui.runs.log.older_lines import brought_up

MAX_LINE = 16 * 1024 * 1024
"""Characters; a longer line is refused unread."""

ENVELOPE = ("crc", "n")
"""What a chronicle's line carries besides the event: checksum and sequence number."""

COMMANDS: dict[str, type[Any]] = {cls.__name__: cls for cls in get_args(Command)}


class WireError(ValueError):
    """The line is not an event or command of ours; the message says why."""


@dataclass(frozen=True, slots=True)
class Move:
    """One line of a script: the command and the turn at which it is given."""

    turn: int
    command: Command


def encode(value: Event | Command) -> str:
    """One JSON line, without the newline."""
    return dump_json(codec(type(value)).dump_tagged(value))


def decode_event(line: str, before: Sheet = BLANK) -> Event:
    """The event that `encode` wrote, or an older version of it. WireError for anything else.

    `before` is the character sheet that the event found: a line of an older format holds only a part of it.
    """
    return _event(_parse(line), before)


def decode_command(line: str) -> Command:
    """The command that `encode` wrote. WireError for anything else."""
    command: Command = _guard(load_tagged, _parse(line), COMMANDS, "the line")
    return command


def moves(lines: Iterable[str]) -> list[tuple[int, Command]]:
    """The commands in a script, with their turns.

    A script holds lines such as {"turn": 12, "command": {"type": "UseAbility", "ability": "rage"}}. A run's chronicle is a script too: its
    accepted and refused commands are the moves, and a last line torn by a crash is passed over. WireError names the line that is wrong.
    """
    found: list[tuple[int, Command]] = []
    chronicle, torn = False, None
    for number, line in enumerate(lines, 1):
        if torn is not None:
            raise torn
        if not line.strip():
            continue
        try:
            plain = _parse(line)
            chronicle = chronicle or (isinstance(plain, dict) and all(name in plain for name in ENVELOPE))
            move = _move(plain)
        except WireError as error:
            torn = WireError(f"line {number}: {error}")
            if not chronicle:
                raise torn from None
        else:
            found += [(move.turn, move.command)] if move else []
    return found


def _move(plain: Any) -> Move | None:
    if not isinstance(plain, dict) or "type" not in plain:
        move: Move = _guard(codec(Move).load, plain, "a move")
    else:
        event = _event({name: value for name, value in plain.items() if name not in ENVELOPE})
        if not isinstance(event, CommandAccepted | CommandRefused):
            return None
        move = Move(event.turn, event.command)
    if move.turn < 0:
        raise WireError(f"turn {move.turn} is before the first")
    return move


def _parse(line: str) -> Any:
    if len(line) > MAX_LINE:
        raise WireError(f"the line is longer than {MAX_LINE} characters")
    return _guard(parse_json, line)


def _event(plain: Any, before: Sheet = BLANK) -> Event:
    today = _guard(brought_up, plain, before) if type(plain) is dict else plain
    event: Event = _guard(load_tagged, today, EVENTS, "the line")
    return event


def _guard(read: Any, *arguments: Any) -> Any:
    try:
        return read(*arguments)
    except RecordError as error:
        raise WireError(str(error)) from None
