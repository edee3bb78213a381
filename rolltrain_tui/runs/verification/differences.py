"""Where two stories differ: the first field, event by event. No torch."""

from collections import deque
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import zip_longest
from typing import Any

from rolltrain_tui.protocol.events import CampaignBegan, DiceRolled, Event, Examined
from rolltrain_tui.runs.log import event_codec

NOTHING = "nothing more"
"""What stands in a difference for a part that a shorter list lacks."""


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


def compare(recorded: Event, found: Event) -> Difference | None:
    """The first field in which two events differ. NaN equals itself."""
    where = "dice" if isinstance(recorded, DiceRolled) else "story"
    if type(recorded) is not type(found):
        return Difference(recorded.turn, "story", "", type(recorded).__name__, type(found).__name__)
    if same_line(recorded, found):
        return None
    for part in fields(recorded):
        if (type(recorded), part.name) in NOT_COMPARED:
            continue
        ours, theirs = getattr(recorded, part.name), getattr(found, part.name)
        if (apart := first_apart(ours, theirs, f"{type(recorded).__name__}.{part.name}")) is not None:
            return Difference(recorded.turn, where, *apart)
    return None


def first_apart(ours: Any, theirs: Any, name: str) -> tuple[str, str, str] | None:
    """The name of the first part in which two values are not the `same`, and the part on either side; None if there is none."""
    if same(ours, theirs):
        return None
    found = (first_apart(a, b, part) for part, a, b in parts_of(ours, theirs, name))
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


def same(ours: Any, theirs: Any) -> bool:
    """Whether two values are equal to the last bit. NaN equals itself.

    Python's own == will not do: from 3.13 on, a dataclass with NaN in it differs from itself.
    """
    if isinstance(ours, float) and isinstance(theirs, float | int):
        return repr(ours) == repr(float(theirs))
    if isinstance(ours, tuple | list | deque) and type(ours) is type(theirs):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(value, theirs[key]) for key, value in ours.items())
    if is_dataclass(ours) and type(ours) is type(theirs):
        return all(same(getattr(ours, part.name), getattr(theirs, part.name)) for part in fields(ours))
    return bool(ours == theirs)


def shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
