"""What the rounding of another kind of machine can do to a story, and what it cannot.

Sums are added in another order there, so numbers differ in their last digits. In a chaotic training that grows; then a signal crosses its
bound a turn later, a monster comes, and the story is another one. Dice, what the player asked for, and how the run began do not depend on
sums: nothing but a forgery changes them.
"""

import math
import re
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from rolltrain_tui.protocol import events as ev
from rolltrain_tui.protocol.sheet import Sheet
from rolltrain_tui.runs.verification.differences import NOT_COMPARED, Difference, parts_of, same_line, shortened

_OPENING = (ev.CampaignBegan, ev.GhostSeen)
_OBEYED = (ev.AutoSet, ev.DialTurned, ev.InspirationSpent, ev.ItemUsed, ev.StatRaised)
"""Events that follow at once from an accepted order. An ability's live form does too: see `_is_live`."""
_DECIDED = (*_OPENING, *_OBEYED, ev.ActBegan, ev.SettingsChanged)
"""Events whose content a campaign, a seed or the player decides, not a sum."""
LEAPING = {(ev.Spoke, "text"), (ev.Examined, "layers")}
"""Not compared: a last-bit difference can change a sampled letter or a histogram count."""
AMPLIFIED = 100
_AMPLIFYING = {
    *((ev.StepTaken, name) for name in ("grad_norm", "proposed_norm", "applied_norm", "k_effective", "measured")),
    *((ev.ScoutsReturned, name) for name in ("best", "low", "high", "scouts")),
    (ev.Examined, "readings"),
}
"""Norms, signals and the scouts' parabola are quotients of small numbers, so they get a hundred times the tolerance of a loss.
Measured in `tutorial`: losses 5e-5 apart between a CPU with AVX2 and one without AVX, readings of signals 1.7e-3."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_ROUNDED_XP = {(ev.XPGained, "amount"), (ev.XPGained, "total"), (Sheet, "xp")}
_XP = 2
"""Experience is rounded to whole numbers, so that it may differ by this much after some awards."""


@dataclass(frozen=True, slots=True)
class Gap:
    """How far two events are apart, at the field in which they are furthest."""

    same_bits: bool

    size: float
    """|a - b| / max(1, |a|, |b|) of two numbers. Infinite: not only numbers differ."""
    difference: Difference | None


def gap(recorded: ev.Event, found: ev.Event) -> Gap:
    """The gap is infinite where another type, text or whole number stands."""
    if type(recorded) is not type(found):
        return Gap(False, math.inf, Difference(recorded.turn, "story", "", type(recorded).__name__, type(found).__name__))
    if same_line(recorded, found):
        return Gap(True, 0.0, None)
    widest, where = Gap(False, 0.0, None), "dice" if isinstance(recorded, ev.DiceRolled) else "story"
    for part in fields(recorded):
        place = (type(recorded), part.name)
        if place in LEAPING or place in NOT_COMPARED:
            continue
        ours, theirs = getattr(recorded, part.name), getattr(found, part.name)
        size = _apart(ours, theirs, rounded=place in _ROUNDED_XP) / (AMPLIFIED if place in _AMPLIFYING else 1)
        if size > widest.size:
            field = _farthest(ours, theirs, f"{type(recorded).__name__}.{part.name}")
            widest = Gap(False, size, Difference(recorded.turn, where, *field))
    return widest


def could_cause(recorded: ev.Event, found: ev.Event) -> bool:
    """Whether rounding alone can explain that these two events differ. Up to here the two stories were the same, but for numbers."""
    if type(recorded) is not type(found):
        return not any(isinstance(event, (*_OPENING, *_OBEYED)) or _is_live(event) for event in (recorded, found))
    match recorded, found:
        case ev.DiceRolled(), ev.DiceRolled():
            return len(recorded.naturals) != len(found.naturals)  # a monster that dazes casts a second die
        case ((ev.CommandAccepted() | ev.CommandRefused()), (ev.CommandAccepted() | ev.CommandRefused())):
            return recorded.command == found.command
        case ev.AbilityUsed(), ev.AbilityUsed():
            return not (recorded.live or found.live)  # by itself an ability answers a loss; live it answers the player
    return not isinstance(recorded, _DECIDED)


def _is_live(event: ev.Event) -> bool:
    return isinstance(event, ev.AbilityUsed) and event.live


def _apart(ours: Any, theirs: Any, *, rounded: bool = False) -> float:
    if isinstance(ours, float) and isinstance(theirs, float | int):
        if math.isfinite(ours) and math.isfinite(theirs):
            return 0.0 if repr(ours) == repr(float(theirs)) else abs(ours - theirs) / max(1.0, abs(ours), abs(theirs))
        return 0.0 if repr(ours) == repr(float(theirs)) else math.inf
    if rounded and type(ours) is int and type(theirs) is int:
        return 0.0 if abs(ours - theirs) <= _XP else math.inf
    if isinstance(ours, str) and isinstance(theirs, str):
        return _texts_apart(ours, theirs)
    if isinstance(ours, tuple | list) and type(ours) is type(theirs):
        if len(ours) != len(theirs):
            return math.inf
        return max(map(_apart, ours, theirs), default=0.0)
    if is_dataclass(ours) and type(ours) is type(theirs):
        return max(
            (
                _apart(getattr(ours, part.name), getattr(theirs, part.name), rounded=(type(ours), part.name) in _ROUNDED_XP)
                for part in fields(ours)
            ),
            default=0.0,
        )
    return 0.0 if type(ours) is type(theirs) and ours == theirs else math.inf


def _farthest(ours: Any, theirs: Any, name: str) -> tuple[str, str, str]:
    """The name of the part in which two values are farthest apart, and the part on either side."""
    while parts := parts_of(ours, theirs, name):
        name, ours, theirs = max(parts, key=lambda part: _apart(*part[1:]))
    return name, shortened(ours), shortened(theirs)


def _texts_apart(ours: str, theirs: str) -> float:
    """0 for the same words, whose numbers may differ by one in their last digit: "loss 2.30" and "loss 2.31"."""
    if ours == theirs:
        return 0.0
    there, here = _NUMBER.findall(ours), _NUMBER.findall(theirs)
    if _NUMBER.split(ours) != _NUMBER.split(theirs) or not all(map(_rounded_otherwise, there, here)):
        return math.inf
    return 0.0


def _rounded_otherwise(there: str, here: str) -> bool:
    digits = len(there.partition(".")[2])
    return there == here or (0 < digits == len(here.partition(".")[2]) and abs(float(there) - float(here)) < 1.5 * 10.0**-digits)
