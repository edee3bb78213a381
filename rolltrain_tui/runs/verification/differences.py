"""Where two stories differ: the first field, event by event. No torch."""

import math
from collections import deque
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import repeat, zip_longest
from typing import Any

from rolltrain_tui.protocol.events import CampaignBegan, DiceRolled, Event, Examined, Spoke
from rolltrain_tui.runs.log import event_codec

NOTHING = "nothing more"
"""What stands in a difference for a part that a shorter list lacks."""
LEAPING = {(Spoke, "text"), (Examined, "layers")}
"""Not compared between machines: a last-bit difference can change a sampled letter or a histogram count."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first difference."""

    turn: int
    where: str
    """ "dice", "story", "weights", "state" or "training"."""
    field: str
    """Such as "StepTaken.loss" or the name of a tensor."""
    recorded: str
    found: str


NOT_COMPARED = {(CampaignBegan, "machine"), (Examined, "uncounted")}
"""What a run tells of the machine, which may be another one; and what follows from its campaign, and older runs do not tell."""


def same_line(recorded: Event, found: Event) -> bool:
    """Whether two events of one type would be written alike, but for what is not compared."""
    return event_codec.encode(_compared(recorded)) == event_codec.encode(_compared(found))


def _compared(event: Event) -> Event:
    """The event without what is not compared."""
    left_out: dict[str, Any] = {part.name: part.default for part in fields(event) if (type(event), part.name) in NOT_COMPARED}
    return replace(event, **left_out) if left_out else event


def compare(recorded: Event, found: Event, tolerance: float | None) -> Difference | None:
    """The first field in which two events differ. NaN equals itself."""
    where = "dice" if isinstance(recorded, DiceRolled) else "story"
    if type(recorded) is not type(found):
        return Difference(recorded.turn, "story", "", type(recorded).__name__, type(found).__name__)
    if same_line(recorded, found):
        return None
    for part in fields(recorded):
        ours, theirs = getattr(recorded, part.name), getattr(found, part.name)
        if (type(recorded), part.name) in NOT_COMPARED or (tolerance is not None and (type(recorded), part.name) in LEAPING):
            continue
        if (apart := first_apart(ours, theirs, f"{type(recorded).__name__}.{part.name}", tolerance)) is not None:
            return Difference(recorded.turn, where, *apart)
    return None


def first_apart(ours: Any, theirs: Any, name: str, tolerance: float | None = None) -> tuple[str, str, str] | None:
    """The name of the first part in which two values are not the `same`, and the part on either side; None if there is none."""
    if same(ours, theirs, tolerance):
        return None
    found = (first_apart(a, b, part, tolerance) for part, a, b in parts_of(ours, theirs, name))
    return next((apart for apart in found if apart is not None), (name, shortened(ours), shortened(theirs)))


def parts_of(ours: Any, theirs: Any, name: str) -> list[tuple[str, Any, Any]]:
    """The parts of two values that are made alike, with their names; none where they are plain, or made differently."""
    if isinstance(ours, tuple | list) and type(ours) is type(theirs):
        return [(f"{name}[{place}]", a, b) for place, (a, b) in enumerate(zip_longest(ours, theirs, fillvalue=NOTHING))]
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        return [(f"{name}.{key}", ours[key], theirs[key]) for key in ours]
    if is_dataclass(ours) and type(ours) is type(theirs):
        return [(f"{name}.{part.name}", getattr(ours, part.name), getattr(theirs, part.name)) for part in fields(ours)]
    return []


def same(ours: Any, theirs: Any, tolerance: float | None = None) -> bool:
    """Whether two values are equal to the last bit, or numbers within a tolerance. NaN equals itself.

    Python's own == will not do: from 3.13 on, a dataclass with NaN in it differs from itself.
    """
    if isinstance(ours, float) and isinstance(theirs, float | int):
        if tolerance is None or not (math.isfinite(ours) and math.isfinite(theirs)):
            return repr(ours) == repr(float(theirs))
        return math.isclose(ours, theirs, rel_tol=tolerance, abs_tol=tolerance)
    if isinstance(ours, tuple | list | deque) and type(ours) is type(theirs):
        return len(ours) == len(theirs) and all(map(same, ours, theirs, repeat(tolerance)))
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(value, theirs[key], tolerance) for key, value in ours.items())
    if is_dataclass(ours) and type(ours) is type(theirs):
        return all(same(getattr(ours, part.name), getattr(theirs, part.name), tolerance) for part in fields(ours))
    return bool(ours == theirs)


def shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
