"""The dials of the dungeon: what the player may change on the way. A row says it, `Settings` holds how they stand. No torch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from rolltrain_tui.protocol.dials import OWN, Dial

ROWS = (
    Dial(
        name="entropy",
        title="Entropy",
        words="the weight of the entropy of its choice in the loss: above 0 it keeps trying",
        choices=("0", "0.01", "0.05", "1", OWN),
        low=0,
        high=10,
    ),
    Dial(
        name="value",
        title="Value's weight",
        words="the weight of the value's loss",
        choices=("0.1", "0.5", "1", "2", OWN),
        low=0,
        high=100,
    ),
    Dial(
        name="kl",
        title="Reference",
        words="the weight of the distance from the reference model in the loss; the games go on at once",
        choices=("0", "0.1", "1", "10", OWN),
        low=0,
        high=1000,
    ),
    Dial(
        name="rate",
        title="Learning rate",
        words="the learning rate of the schedule is multiplied by this",
        choices=("0.1", "0.3", "1", "3", OWN),
        low=1e-4,
        high=100,
    ),
    Dial(
        name="every",
        title="Turns between games",
        words="the games go on now, and every so many turns from now on: fewer is less learning from each move",
        choices=("4", "6", "12", OWN),
        low=1,
        high=1_000_000,
        whole=True,
    ),
    Dial(
        name="worlds",
        title="Worlds of training",
        words="new games begin, in so many worlds",
        choices=("50", "500", "5000", OWN),
        low=1,
        high=1_000_000_000,
        whole=True,
    ),
    Dial(
        name="temperature",
        title="Temperature",
        words="the games go on at once, and commands are drawn more evenly above 1, more surely below",
        choices=("0.5", "1", "1.5", OWN),
        low=0.01,
        high=10,
    ),
    Dial(
        name="demo",
        title="Demonstration",
        words="a game that you won is imitated beside its own ones, for 24 turns",
        choices=(OWN,),
        pattern=r"\d{1,10}(, \d{1,3}){1,500}",
        spelling="a game: the seed of its world, and the place of each command among those on offer",
    ),
    Dial(
        name="again",
        title="New lessons",
        words="the games go on at once; what was to be learned of older ones is dropped",
    ),
)


def dials_of(*, values: bool, distance: str, chooses: bool = True) -> tuple[Dial, ...]:
    """The dials. `values`: the algorithm learns values. `distance`: why the distance from the reference cannot count; "" where it can.

    `chooses`: the player chooses among commands; else it writes them.
    """
    shut = {
        "value": "" if values else "its algorithm learns no values",
        "kl": distance,
        "temperature": "" if chooses else "a player that writes its commands has the temperature of the campaign file",
    }
    return tuple(replace(row, unavailable=shut.get(row.name, "")) for row in ROWS)


_NUMBERS = {row.name: int if row.whole else float for row in ROWS if row.high is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the dials stand. None: as the campaign has it."""

    entropy: float | None = None
    value: float | None = None
    kl: float | None = None
    rate: float | None = None
    every: int | None = None
    worlds: int | None = None
    temperature: float | None = None

    def turned(self, dials: Mapping[str, str]) -> Self:
        """After orders that the rules have passed."""
        found: dict[str, Any] = {}
        for name, value in dials.items():
            if name in _NUMBERS:
                found[name] = None if value == OWN else _NUMBERS[name](float(value))
        return replace(self, **found)

    def state(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Inverse of `state`. TypeError for any other value."""
        return cls(**state)
