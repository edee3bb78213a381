"""What the worker tells the screen beside the events of the run."""

from dataclasses import dataclass

from rolltrain_tui.protocol.events import Event
from rolltrain_tui.runs.playable import Sought


@dataclass(frozen=True, slots=True)
class AutoPaused:
    """A rule holds the run before its next turn. `reason` is the rule's name."""

    turn: int
    reason: str
    ran: bool = False
    """It ran until something happened; else the rule is one at which the player wants to pause."""


@dataclass(frozen=True, slots=True)
class ToExplain:
    """The first event of its kind, just told; the run waits before its next turn."""

    event: Event
    held: bool
    """It waits for this alone."""


@dataclass(frozen=True, slots=True)
class VoteDue:
    """The room is to vote on what to do about a monster that has come; the run waits before its next turn."""

    held: bool
    """It waits for this alone."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The run is open and playing. `note` says what the player should know about how it was opened."""

    note: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The run could not be opened, or its thread failed. `error` is foreign text."""

    error: str


@dataclass(frozen=True, slots=True)
class Left:
    """The last message: the run has ended, was stopped, or failed."""


Message = Event | AutoPaused | ToExplain | VoteDue | Opened | Failed | Left | Sought
