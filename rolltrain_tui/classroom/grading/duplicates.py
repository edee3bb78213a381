"""Submissions that are alike: flags for a person to look at, never a verdict.

Few orders prove nothing: three honest runs without effective orders had the very same weights. So orders count from ENOUGH on.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

ENOUGH = 5
"""Orders that changed the run. With fewer, orders are not compared."""


@dataclass(frozen=True, slots=True)
class Handed:
    """What of a submission is compared."""

    name: str
    file: str
    """SHA-256 of the archive."""
    story: str
    """SHA-256 of what happened, without the opening; "" where it could not be read."""
    orders: tuple[str, ...]


def _orders(handed: Handed) -> str:
    return hashlib.sha256("\n".join(handed.orders).encode()).hexdigest() if len(handed.orders) >= ENOUGH else ""


LIKENESSES: Mapping[str, Callable[[Handed], str]] = {
    "the same file": lambda handed: handed.file,
    "the same story": lambda handed: handed.story,
    "the same orders at the same turns": _orders,
}
"""The strongest first; two submissions are named together by the first that holds."""


def flags(submissions: Sequence[Handed]) -> dict[str, str]:
    """For each name with a likeness a sentence that names the others."""
    found: dict[str, list[str]] = defaultdict(list)
    seen: set[tuple[str, str]] = set()
    for what, value_of in LIKENESSES.items():
        groups: dict[str, list[str]] = defaultdict(list)
        for handed in submissions:
            if value := value_of(handed):
                groups[value].append(handed.name)
        for names in groups.values():
            for name in names:
                others = [other for other in names if other != name and (name, other) not in seen]
                if others:
                    found[name].append(f"{what} as {', '.join(others)}")
                    seen |= {(name, other) for other in others}
    return {name: "; ".join(words) for name, words in found.items()}
