"""The scouts' verdict in words: what it says of the steps, the best step with its interval, and what each scout found."""

import math
from collections.abc import Mapping

from rolltrain_tui.base.grammar import minus
from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.protocol import events as ev
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.protocol.readings import Pace, ScoutReport
from rolltrain_tui.story.phrases import number, plus_minus

PACE_WORDS: Mapping[Pace, str] = {
    "slow": "SLOW: the steps are too small",
    "tuned": "TUNED: the steps are right, within a factor of 3",
    "hot": "HOT: the steps are too large",
    "unclear": "Cannot tell whether the steps are too small or too large",
}


def scouts_words(event: ev.ScoutsReturned, objective: Objective) -> str:
    """What each scout found, for the diagnosis."""
    tries = [f"x{scout.k:.2g}{' from the start' if scout.anew else ''} {_tried(scout)}" for scout in event.scouts]
    unit = f", in{objective.unit_behind}" if objective.unit_behind else ""
    return flat(f"Against the run's own steps{unit}: {', '.join(tries)}.")


def _tried(scout: ScoutReport) -> str:
    if not math.isfinite(scout.delta):
        return "came to nothing"
    return f"{minus(f'{scout.delta:+.3f}')}{plus_minus(scout.standard_error, sign=' plus or minus ')}"


def best_words(event: ev.ScoutsReturned) -> str:
    """What scouts found in numbers, to follow the verdict: "; the best step is 0.5 x yours (0.4 to 0.7)"."""
    if not math.isfinite(event.best):
        return ""
    low, high = (number(bound, 2) if bound < 10 else f"{bound:.0f}" for bound in (event.low, event.high))
    if event.low == 0 and event.high == math.inf:
        interval = "without bounds"
    else:
        interval = f"at least {low}" if event.high == math.inf else f"at most {high}" if event.low == 0 else f"{low} to {high}"
    best = f"{event.best:.2g}"
    if not event.low <= float(best) <= event.high:  # rounding must not lead out of the interval beside it
        best = f"{event.best:.3g}"
    return f"; the best step now is {best} x yours ({interval})"
