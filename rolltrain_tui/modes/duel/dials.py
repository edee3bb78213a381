"""The dials of a duel: what the player may change on the way. A row says it, `Settings` holds how they stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

from rolltrain_tui.modes.duel.players.names import AGENTS, HOSTS, OLDER, RIVAL, expanded
from rolltrain_tui.protocol.dials import OWN, Dial

FIXED, EVERYONE = "fixed", "everyone"
"""Pools: all players of the other side that never learn; the same with the rival and its older selves."""


def dials_of(opponents: Sequence[str]) -> tuple[Dial, ...]:
    """What can be turned. `opponents`: whom the hero can train against in this campaign."""
    return (
        Dial(
            name="double",
            title="Double Q-learning",
            words="the network that learns chooses the next move, and the target network rates it; off: the target network does both",
            choices=("on", "off", OWN),
        ),
        Dial(
            name="sync",
            title="Target sync",
            words="the target network becomes a copy of the network that learns, now",
        ),
        Dial(
            name="purge",
            title="Purge",
            words="the replay buffer forgets everything, and new games fill it with as much as it began with",
        ),
        Dial(
            name="reset",
            title="Reset",
            words="the network that learns begins anew, with its optimiser; its games and the replay buffer stay",
        ),
        Dial(
            name="every",
            title="Turns between moves",
            words="the games of training go on by one move every so many turns: fewer is more new games",
            choices=("1", "2", "4", "8", "16", OWN),
            low=1,
            high=1_000_000,
            whole=True,
        ),
        Dial(
            name="epsilon",
            title="Exploration",
            words="this part of the moves of training is random",
            choices=("0.05", "0.1", "0.2", "0.5", OWN),
            low=0,
            high=1,
        ),
        Dial(
            name="gamma",
            title="Discount",
            words="a reward is worth this part of itself one move earlier",
            choices=("0.8", "0.9", "0.95", "0.99", OWN),
            low=0,
            high=1,
        ),
        Dial(
            name="rate",
            title="Learning rate",
            words="the learning rate of the schedule is multiplied by this",
            choices=("0.01", "0.1", "0.3", "1", OWN),
            low=1e-4,
            high=10,
        ),
        Dial(
            name="pool",
            title="Opponents",
            words="the games of training begin anew, each against one player of the pool",
            choices=(OWN, FIXED, EVERYONE, *opponents),
            several=True,
            closed=strangers(opponents),
        ),
    )


def strangers(opponents: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Players whom the hero cannot train against, each with the reason."""
    learn = [(name, "the campaign describes no rival") for name in (RIVAL, OLDER) if name not in opponents]
    whom = "a host plays against agents" if AGENTS[-1] in opponents else "an agent plays against hosts"
    own = [(name, whom) for name in (*HOSTS, *AGENTS) if name not in opponents]
    return (*learn, *own)


def pool_of(value: str, opponents: Sequence[str], copies: int) -> tuple[str, ...]:
    """The pool that a value of the dial `pool` means, `own` aside, with each of the older selves by its own name."""
    pools = {EVERYONE: tuple(opponents), FIXED: tuple(name for name in opponents if name not in (RIVAL, OLDER))}
    return tuple(expanded(pools.get(value) or Dial.parts(value), copies))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the dials of one role stand."""

    double: bool
    gamma: float
    epsilon: float | None
    """None: as the campaign's schedule has it."""
    every: int
    rate: float
    pool: tuple[str, ...]

    def turned(self, dial: str, value: str, own: "Settings", opponents: Sequence[str], copies: int) -> Self:
        """After an order that the rules have passed. `own`: as the campaign has it; the others are as in `pool_of`."""
        if value == OWN and dial in _NAMES:
            return replace(self, **{dial: getattr(own, dial)})
        now: Any
        match dial:
            case "double":
                now = value == "on"
            case "gamma" | "epsilon" | "rate":
                now = float(value)
            case "every":
                now = int(float(value))
            case "pool":
                now = pool_of(value, opponents, copies)
            case _:
                return self  # a dial that acts once
        return replace(self, **{dial: now})

    def state(self) -> dict[str, Any]:
        """As JSON values."""
        return {name: getattr(self, name) for name in _NAMES} | {"pool": list(self.pool)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Inverse of `state`. TypeError or KeyError for any other value."""
        return cls(**{**state, "pool": tuple(state["pool"])})


_NAMES = tuple(field.name for field in fields(Settings))
