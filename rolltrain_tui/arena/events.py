"""What happens in the arena, in the past tense: plain numbers and names, ready for a screen, a pipe or a test."""

from dataclasses import dataclass

from rolltrain_tui.arena.champions import Champion


@dataclass(frozen=True, slots=True)
class Progressed:
    """Some steps were taken. One entry an agent, in the order they were named."""

    step: int
    """Steps each of them has taken in its life."""
    done: float
    """Part of the work that is done, 0 to 1."""
    losses: tuple[float, ...]
    """Mean over the steps since the last such event."""
    grad_norms: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """A value of the recipe acts from the step after `step` on."""

    agent: str
    name: str
    before: str
    after: str
    step: int


@dataclass(frozen=True, slots=True)
class SettingRefused:
    agent: str
    reason: str


@dataclass(frozen=True, slots=True)
class Trained:
    """The agents as they are now; nothing is kept until whoever reads this keeps it."""

    champions: tuple[Champion, ...]
    stopped: bool
    """Before all steps were taken, by wish."""


Event = Progressed | SettingChanged | SettingRefused | Trained
