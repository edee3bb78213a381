"""Reward components: a chain whose parts add up, from the innermost to the outermost.

Each component tells how much it adds to the reward of the components before it. So a reward is the sum of its parts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from types import MappingProxyType
from typing import Self

from rolltrain_tui.base.safe_text import shown
from rolltrain_tui.modes.dungeon.worlds.protocol import Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one command brought, as far as rewards ask."""

    command: str
    score_before: int
    """Points before the command; 0 at the beginning of a game."""
    score: int
    accepted: bool
    """What the world says. A command that is repeated and accepted is valid."""
    won: bool
    lost: bool

    @classmethod
    def of(cls, before: Observation, command: str, now: Observation) -> Self:
        return cls(command=command, score_before=before.score, score=now.score, accepted=now.accepted, won=now.won, lost=now.lost)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One link of the chain. `value` and `bias` are in units of reward."""

    name: str
    value: float
    letters: str = "e"
    """For component `letter`: which letters count, in either case."""
    bias: float = 0.0
    """For component `scalar`: added before the factor `value`."""

    def __post_init__(self) -> None:
        if self.name not in COMPONENTS:
            raise ValueError(f"there is no reward component {shown(self.name)}; choose from {', '.join(COMPONENTS)}")
        for name in ("value", "bias"):
            if not isfinite(getattr(self, name)):
                raise ValueError(f"{name} of the reward component {self.name} is {shown(getattr(self, name))}; give a finite number")
        if not self.letters.isalpha():
            raise ValueError(
                f"letters of the reward component {self.name} are {shown(self.letters)}; give at least one letter and nothing else"
            )


def game(own: Component, now: Outcome, inner: float) -> float:
    """v for each point gained."""
    return own.value * (now.score - now.score_before)


def win(own: Component, now: Outcome, inner: float) -> float:
    """v for a game won, -v for one lost."""
    return own.value * (now.won - now.lost)


def living(own: Component, now: Outcome, inner: float) -> float:
    """v for each command; below zero it hurries the player."""
    return own.value


def invalid(own: Component, now: Outcome, inner: float) -> float:
    """v for each command that the world refused."""
    return 0.0 if now.accepted else own.value


def letter(own: Component, now: Outcome, inner: float) -> float:
    """v for each occurrence of the letters: a reward that has nothing to do with the game."""
    wanted = own.letters.lower()
    return own.value * sum(char in wanted for char in now.command.lower())


def scalar(own: Component, now: Outcome, inner: float) -> float:
    """Turns the reward so far into (reward + bias) * v; what it adds is the difference."""
    return (inner + own.bias) * own.value - inner


COMPONENTS: MappingProxyType[str, Callable[[Component, Outcome, float], float]] = MappingProxyType(
    {"game": game, "win": win, "living": living, "invalid": invalid, "letter": letter, "scalar": scalar}
)

PRESETS: MappingProxyType[str, tuple[Component, ...]] = MappingProxyType(
    {
        "game": (Component(name="game", value=1), Component(name="win", value=2), Component(name="invalid", value=-0.5)),
        "letters": (Component(name="letter", value=1),),
        "invalid": (Component(name="invalid", value=-1),),
    }
)


def parts(chain: Sequence[Component], outcome: Outcome) -> list[float]:
    """What each component of the chain adds, in its order; the reward is their sum."""
    added: list[float] = []
    total = 0.0
    for component in chain:
        added.append(COMPONENTS[component.name](component, outcome, total))
        total += added[-1]
    return added


def reward(chain: Sequence[Component], outcome: Outcome) -> float:
    return sum(parts(chain, outcome))
