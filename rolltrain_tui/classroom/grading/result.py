"""What the examination of one submission found, as the child tells it to its parent."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["exact", "consistent", "undecided", "contradicted", "refused"]
"""refused: it is no submission of this assignment, or passed a limit; nothing is said about the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of one submission. Texts may be a stranger's: clean them before they are shown."""

    outcome: Outcome
    reason: str = ""
    """A sentence: what decided it."""
    label: str = ""
    """What the value is, in one word."""
    value: float | None = None
    standard_error: float | None = None
    ghost: float | None = None
    """Plain training at the same turn."""
    turn: int = 0
    turns: int = 0
    given: int = 0
    """Orders that were accepted; `refused` ones were not."""
    refused: int = 0
    right: int = 0
    """Predictions that came true, of those `made` and judged."""
    made: int = 0
    helped: int = 0
    """Twin verdicts; `hurt` and `unclear` likewise."""
    hurt: int = 0
    unclear: int = 0
    hero: str = ""
    machine: str = ""
    """Where it was trained, by its own word."""
    orders: tuple[str, ...] = ()
    """Turn and order of what acted on the training."""
    seconds: float = 0.0
    """CPU seconds of its examination."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What the assignment itself takes, with nobody giving orders."""

    cpu_seconds: float
    seconds: float
