"""Who can sit at the table, by name. Campaigns and dials are checked without PyTorch."""

from collections.abc import Mapping, Sequence
from typing import Literal

Role = Literal["host", "agent"]

HOSTS = ("random", "random_pairs", "all", "zeillinger")
AGENTS = ("random", "first", "last")
FIXED: Mapping[Role, tuple[str, ...]] = {"host": HOSTS, "agent": AGENTS}
"""The fixed players; `players.py` has their moves."""
RIVAL, OLDER = "rival", "older"
"""Opponents that learn: the rival as it is now, and one of its older selves. To the rival they are the hero's."""
SAVED = "saved:"
"""Before the folder of a run, or of one of its saves: its network, as it was saved."""


def other(role: Role) -> Role:
    """Who sits opposite."""
    return "agent" if role == "host" else "host"


def expanded(opponents: Sequence[str], copies: int) -> list[str]:
    """The names with each older self by its own; every name of the campaign is as likely as before."""
    if OLDER not in opponents:
        return list(opponents)
    return [own for name in opponents for own in ([f"{OLDER}.{n}" for n in range(copies)] if name == OLDER else [name] * copies)]
