"""Event logs to write and to damage."""

from collections.abc import Sequence
from pathlib import Path

from rolltrain_tui.protocol.commands import Speak
from rolltrain_tui.protocol.events import CommandAccepted, DiceRolled, Event, Spoke
from rolltrain_tui.runs.log.event_log import Chronicle


def tale(length: int) -> list[Event]:
    """Events of several kinds and sizes."""
    rolls: list[Event] = [DiceRolled(turn, 20, (turn % 20 + 1,), turn % 20 + 1, 2, turn, 12, "hit", 1.0) for turn in range(length)]
    rolls[1::3] = [Spoke(turn, "\x1b[2Jtales\n" * (turn % 5), None) for turn in range(1, length, 3)]
    rolls[2::3] = [CommandAccepted(turn, Speak()) for turn in range(2, length, 3)]
    return rolls


def written(path: Path, events: Sequence[Event]) -> Path:
    with Chronicle(path) as chronicle:
        for event in events:
            chronicle.append(event)
    return path
