"""The pace of a run: which multiple of its steps is best now, from what scouts with smaller and larger steps found.

With x = log k and v(x) the mean value of a scout, where a lower one is better:

    the best step    k* = exp(x*), x* the vertex of the parabola through the best scout and its two neighbours;
                     where the best scout lies at an end, x* is its x, and the interval is open on that side
    its interval     the middle 95 % of k* for the sequences drawn anew with replacement, DRAWS times
    the verdict      SLOW where k* is above 2.5 and the best scout is better than the run's own steps by more than two standard errors,
                     HOT where k* is below 1/4 and it is; unclear where the interval reaches from HOT to SLOW; TUNED otherwise
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, exp, fsum, inf, isfinite, log, nan, sqrt
from random import Random

from rolltrain_tui.base.statistics import mean_and_error
from rolltrain_tui.protocol.readings import Pace

SCOUT_WALK, SCOUT_ANNEAL, SCOUTS_ANEW = 25, 15, 200
"""Turns of a scout from where the run stands, of every scout's anneal, and of a run that those begun anew catch up with at most."""
FIRST_TRIP, APART = 100, 1.5
"""Turn before which scouts go only when asked, and how many times as long the run is at the next trip, where they go seldom."""
HERE, BEYOND = (1 / 3, 1.0, 3.0), 9.0
"""Multiples of the scouts that start from the run as it stands. The last goes only where 3 was clearly better than 1."""
ANEW = (1 / 3, 1 / 9, 1 / 27)
"""Multiples of the scouts that start anew."""
ALIKE = 0.1
"""Steps of the objective. Where the run and those that began anew lie within it, they are on the plateau of the start, and tell nothing."""
HOT, SLOW = 1 / 4, 2.5
"""A best step below, or above, this multiple of the run's is called so. The middle between them is .8, not 1: scouts see only a short way
ahead, and underrate a large step. The best rates of sweeps had best steps from .35 to 2 then."""
CERTAIN = 2.0
"""Standard errors that a difference must exceed to count."""
DRAWS = 200
LOST = 10.0
"""Added to the run's own values where a scout's training came to nothing."""
NEAR = 0.3
"""Two scouts whose log k differ by less try the same step; the better one counts."""

Values = Sequence[float]
"""The values of one scout, one for each sequence; lower is better. Not finite where its training came to nothing."""


@dataclass(frozen=True, slots=True)
class BestStep:
    """What all scouts say together."""

    pace: Pace
    k: float
    """The best multiple of the run's steps. NaN where the run's own steps come to nothing."""
    low: float
    high: float


def next_trip(last: int) -> int:
    """The first turn in which scouts go out again where they go seldom: what is the best step changes ever more slowly."""
    return max(FIRST_TRIP, ceil(last * APART))


def first_trip_turns(turn: int) -> int:
    """How many turns the scouts train on the first trip, when it is after this turn."""
    return sum(walk + SCOUT_ANNEAL for walk in (*(SCOUT_WALK for _ in HERE), *(min(turn, SCOUTS_ANEW) + SCOUT_WALK for _ in ANEW)))


def next_here(found: Mapping[float, Values], overlap: float = 1.0) -> float | None:
    """The multiple of the next scout that starts where the run stands. None: enough have gone. `overlap`: see `Evaluation`."""
    missing = [k for k in HERE if k not in found]
    if missing:
        return missing[0]
    return BEYOND if BEYOND not in found and clearly_better(found[3.0], found[1.0], overlap) else None


def tells(anew: Mapping[float, Values], step: float) -> bool:
    """Whether it mattered by which steps a run began. `anew`: differences to the run of the same age; `step`: of the objective."""
    means = [0.0, *(mean for values in anew.values() if isfinite(mean := mean_and_error(values)[0]))]
    return max(means) - min(means) > ALIKE * step


def differences(theirs: Values, mine: Values) -> list[float]:
    """Theirs minus mine, by sequence."""
    return [a - b for a, b in zip(theirs, mine, strict=True)]


def clearly_better(one: Values, other: Values, overlap: float = 1.0) -> bool:
    """The first is lower than the second by more than CERTAIN standard errors."""
    delta, error = mean_and_error(differences(one, other))
    return delta < -CERTAIN * error * sqrt(overlap)


def best_step(here: Mapping[float, Values], anew: Mapping[float, Values], overlap: float = 1.0) -> BestStep:
    """The verdict. Keys are multiples of the run's steps; `here` has 1. `anew`: differences to the run of the same age.

    The interval is a bootstrap over sequences, as many as there would be without an overlap.
    """
    mine = here[1.0]
    if not all(map(isfinite, mine)):
        sound = any(k < 1 and all(map(isfinite, values)) for k, values in here.items())
        return BestStep("hot" if sound else "unclear", nan, 0.0, inf)
    points = _points(here, {k: [value + d for value, d in zip(mine, apart, strict=True)] for k, apart in anew.items()})
    n = len(mine)
    draws = Random(n)  # the same numbers give the same interval
    x, _, _ = _vertex([(at, fsum(values)) for at, values in points])
    lows, highs = [], []
    for _ in range(DRAWS):
        drawn = draws.choices(range(n), k=max(1, round(n / overlap)))
        _, low, high = _vertex([(at, fsum([values[i] for i in drawn])) for at, values in points])
        lows.append(low)
        highs.append(high)
    k, low, high = exp(x), exp(sorted(lows)[DRAWS // 40]), exp(sorted(highs)[-1 - DRAWS // 40])
    certain = clearly_better(min((values for _, values in points), key=fsum), mine, overlap)
    if certain and (k > SLOW or k < HOT):
        return BestStep("slow" if k > SLOW else "hot", k, low, high)
    return BestStep("unclear" if low < HOT and high > SLOW else "tuned", k, low, high)


def vouched(pace: Pace, k: float) -> float:
    """The best step as far as the verdict vouches for it: NaN where it cannot tell, and within the bounds of a tuned run for one."""
    return nan if pace == "unclear" else min(max(k, HOT), SLOW) if pace == "tuned" else k


def _points(here: Mapping[float, Values], anew: Mapping[float, Values]) -> list[tuple[float, Values]]:
    """(log k, values) of all scouts by k. Where two try the same step the better one counts; the run's own stays."""
    mine, points = here[1.0], list[tuple[float, Values]]()
    for k, found in sorted((*here.items(), *anew.items()), key=lambda scout: scout[0]):
        values = found if all(map(isfinite, found)) else [value + LOST for value in mine]
        if points and log(k) - points[-1][0] < NEAR:
            if k == 1 or (points[-1][0] != 0 and fsum(values) < fsum(points[-1][1])):
                points[-1] = log(k), values
        else:
            points.append((log(k), values))
    return points


def _vertex(points: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """x of the parabola's vertex around the lowest point, and how low and how high it may be: without end where that point is an end."""
    lowest = min(range(len(points)), key=lambda i: points[i][1])
    x, y = points[lowest]
    if lowest == 0:
        return x, -inf, x
    if lowest == len(points) - 1:
        return x, x, inf
    (x0, y0), (x1, y1) = points[lowest - 1], points[lowest + 1]
    before, after = (y - y0) / (x - x0), (y1 - y) / (x1 - x)  # slopes, not positive and not negative
    curve = (after - before) / (x1 - x0)
    vertex = (x0 + x) / 2 - before / (2 * curve) if curve > 0 else x
    return vertex, vertex, vertex
