"""Small words that several screens share: ages, facts in one line, a loss with its digits."""

import math
import time
from collections.abc import Sequence

from rolltrain_tui.base.grammar import fixed

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def age(saved_at: float, now: float) -> str:
    """How long ago `saved_at` was, both in Unix seconds: "4 min ago". A clock that went backwards reads as now."""
    passed = now - saved_at
    if passed < MINUTE:
        return "just now"
    if passed < HOUR:
        return f"{int(passed // MINUTE)} min ago"
    if passed < DAY:
        return f"{int(passed // HOUR)} h ago"
    if passed < 2 * DAY:
        return "yesterday"
    if passed < 60 * DAY:
        return f"{int(passed // DAY)} days ago"
    return time.strftime("%Y-%m-%d", time.localtime(saved_at))


def loss(value: float | None, digits: int = 2) -> str:
    """A value; a dash where there is none yet, the plain word where it is no number."""
    if value is None:
        return "–"
    return fixed(value, digits) if math.isfinite(value) else "not finite"


def fit(parts: Sequence[str], expendable: Sequence[int], width: int) -> str:
    """The parts joined by middle dots, without those at the `expendable` indices, in that order, while the line is longer than `width`."""
    left = list(enumerate(parts))
    for index in (None, *expendable):
        left = [(place, part) for place, part in left if place != index]
        line = " · ".join(part for _, part in left)
        if len(line) <= width:
            return line
    return line if len(line) <= width else line[: max(0, width - 1)] + "…"
