"""Before the first turn: every rank says what it has, and nobody begins unless all have the same."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

import torch

from rolltrain_tui import __version__
from rolltrain_tui.cluster.gang import Gang, RanksError
from rolltrain_tui.protocol.machine import Machine
from rolltrain_tui.training.machine.ranks import Ranks

T = TypeVar("T")
SHOWN = 60
"""Characters of a value in a refusal."""


def together(gang: Gang, work: Callable[[], T], tell: Callable[[T], Mapping[str, Any]]) -> T:
    """What `work` gives, on every rank. RanksError on all of them where it fails on one, or where `tell` differs between two.

    `tell`: JSON values by name, of what must be the same.
    """
    found: list[T] = []
    error, told = "", {}
    try:
        found.append(work())
        told = {name: json.dumps(value, ensure_ascii=False) for name, value in tell(found[0]).items()}
    except (ValueError, OSError, RuntimeError, MemoryError) as failure:
        error = str(failure) or type(failure).__name__
    heard = [json.loads(said) for said in gang.hear_all(json.dumps([error, told]).encode())]
    for rank, (trouble, _) in enumerate(heard):
        if trouble:
            raise RanksError(f"rank {rank}: {trouble}" if rank else trouble)
    for rank, (_, theirs) in enumerate(heard):
        for name, first in heard[0][1].items():
            if (other := theirs.get(name, "nothing")) != first:
                raise RanksError(
                    f"rank {rank} has {_shown(name, other)}, and rank 0 has {_shown(name, first)}: start every rank with the same "
                    "rolltrain, campaign and options"
                )
        if strange := sorted(theirs.keys() - heard[0][1].keys()):
            raise RanksError(f"rank {rank} has {_shown(strange[0], theirs[strange[0]])}, and rank 0 has no such value")
    return found[0]


def versions() -> dict[str, Any]:
    """What trains. Other versions may train other weights."""
    return {"rolltrain": __version__, "torch": torch.__version__, "Python": ".".join(map(str, sys.version_info[:2]))}


def flat(values: Mapping[str, Any], under: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a campaign by their dotted paths."""
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from flat(value, f"{under}{name}.")
        else:
            yield f"{under}{name}", value


def know_machines(ranks: Ranks, machine: Machine) -> None:
    """Find out whether all ranks train on one kind of machine. `machine`: this rank's."""
    if isinstance(ranks, Gang):
        ranks.alike = len(set(ranks.hear_all(json.dumps(asdict(machine)).encode()))) == 1


def _shown(name: str, value: str) -> str:
    return f"{name} {value if len(value) <= SHOWN else value[:SHOWN] + '...'}"
