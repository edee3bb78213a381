"""Where two stories differ: the first field, event by event. No torch."""

import math
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from rolltrain_tui.protocol.events import DiceRolled, Event, Examined, Spoke
from rolltrain_tui.runs import event_codec

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


def compare(recorded: Event, found: Event, tolerance: float | None) -> Difference | None:
    """The first field in which two events differ, NaN being equal to itself."""
    where = "dice" if isinstance(recorded, DiceRolled) else "story"
    if type(recorded) is not type(found):
        return Difference(recorded.turn, "story", "", type(recorded).__name__, type(found).__name__)
    if event_codec.encode(recorded) == event_codec.encode(found):
        return None
    for part in fields(recorded):
        ours, theirs = getattr(recorded, part.name), getattr(found, part.name)
        if tolerance is not None and (type(recorded), part.name) in LEAPING:
            continue
        if not _same(ours, theirs, tolerance):
            return Difference(recorded.turn, where, f"{type(recorded).__name__}.{part.name}", shortened(ours), shortened(theirs))
    return None


def _same(ours: Any, theirs: Any, tolerance: float | None) -> bool:
    if isinstance(ours, float) and isinstance(theirs, float | int):
        if tolerance is None or not (math.isfinite(ours) and math.isfinite(theirs)):
            return repr(ours) == repr(float(theirs))
        return math.isclose(ours, theirs, rel_tol=tolerance, abs_tol=tolerance)
    if isinstance(ours, tuple) and isinstance(theirs, tuple):
        return len(ours) == len(theirs) and all(map(_same, ours, theirs, [tolerance] * len(ours)))
    if is_dataclass(ours) and type(ours) is type(theirs):
        return all(_same(getattr(ours, part.name), getattr(theirs, part.name), tolerance) for part in fields(ours))
    return bool(ours == theirs)


def shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
