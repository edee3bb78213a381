"""From losses and samples to a score, and from scores over seeds to a verdict. Standard library only.

Q = 100 max(0, 1 - ln(perplexity) / ln V)       quality: 0 for guessing blindly among V characters, 100 for knowing them all
U = distinct lines not verbatim in the training text / lines asked for
score = sqrt(Q x 100 U)                         0 to 100: neither a parrot nor a babbler gets far
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rolltrain_tui.base.statistics import estimate, student_95

BURST = 1.0
"""Nats above blind guessing at which a contender counts as burst, and beyond which no race shows a loss."""
NEAR = 0.01
"""Scores closer than this part of the better one are level, whatever the statistics say."""


@dataclass(frozen=True, slots=True)
class Originality:
    """What was counted in an agent's lines."""

    asked: int
    distinct: int
    """Different ones, empty ones left out."""
    verbatim: int
    """Of those, how many stand in the training text."""

    @property
    def novel(self) -> int:
        return self.distinct - self.verbatim

    @property
    def uniqueness(self) -> float:
        return self.novel / self.asked if self.asked else 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """One agent on one seed."""

    loss: float
    """On the validation windows, in nats per character."""
    quality: float
    uniqueness: float
    score: float


def originality(lines: Sequence[str], text: str, longest: int) -> Originality:
    """`text` is the training text. A line of `longest` characters was cut: it counts as known if it stands anywhere in the text."""
    different = {line for line in lines if line}
    whole = "\n" + text + "\n"
    verbatim = sum((line in whole) if len(line) >= longest else (f"\n{line}\n" in whole) for line in different)
    return Originality(len(lines), len(different), verbatim)


def quality(loss: float, vocabulary: int) -> float:
    """0 for a loss that is not finite."""
    return 100 * max(0.0, 1 - loss / math.log(vocabulary)) if math.isfinite(loss) else 0.0


def score_of(loss: float, vocabulary: int, uniqueness: float) -> Score:
    q = quality(loss, vocabulary)
    return Score(loss, q, uniqueness, math.sqrt(q * 100 * uniqueness))


def perplexity(loss: float) -> float:
    return math.exp(loss) if loss < 700 else math.inf


def better(ours: Sequence[float], theirs: Sequence[float]) -> int:
    """1 when our scores are better than theirs on the same seeds, -1 when worse, 0 when that cannot be told.

    A paired t test at 95 %, and at least NEAR apart; with a single seed nothing can be told apart, unless one of the two is 0.
    """
    found = estimate([a - b for a, b in zip(ours, theirs, strict=True)])
    if min(max(ours), max(theirs)) == 0 and max(ours) != max(theirs):  # one has nothing at all on any seed
        return 1 if max(ours) > 0 else -1
    best = max(sum(ours), sum(theirs)) / len(ours)
    if abs(found.mean) < NEAR * best or found.n < 2 or abs(found.mean) <= student_95(found.n) * found.standard_error:
        return 0
    return 1 if found.mean > 0 else -1


def ranks(scores: Sequence[Sequence[float]]) -> list[int]:
    """1 for the best, by mean over seeds; whoever cannot be told from the first of a rank shares it. Ranks after a tie are skipped."""
    order = sorted(range(len(scores)), key=lambda i: -sum(scores[i]))
    places, leader, rank = [0] * len(scores), order[0], 1
    for position, i in enumerate(order, start=1):
        if better(scores[leader], scores[i]) > 0:
            leader, rank = i, position
        places[i] = rank
    return places
