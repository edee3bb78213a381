"""Scores from losses and sampled lines, and ranks from scores over seeds. Standard library only.

Q = 100 max(0, 1 - loss / ln V)       quality: 0 for uniform guessing among V characters, 100 for a loss of 0
U = distinct lines that are not in the training text / lines asked for
score = sqrt(Q x 100 U)               0 to 100: copying the training text gives U = 0, random characters give Q = 0
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rolltrain_tui.base.statistics import estimate, student_95

BURST = 1.0
"""Nats above uniform guessing at which a contender counts as burst. Charts end there."""
NEAR = 0.01
"""Scores that differ by less than this part of the better one are equal, even if the difference is significant."""


@dataclass(frozen=True, slots=True)
class Originality:
    """Counts of an agent's lines."""

    asked: int
    distinct: int
    """Different lines, without empty ones."""
    verbatim: int
    """Distinct lines that are in the training text."""

    @property
    def novel(self) -> int:
        return self.distinct - self.verbatim

    @property
    def uniqueness(self) -> float:
        return self.novel / self.asked if self.asked else 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """The score of one agent on one seed."""

    loss: float
    """Validation loss in nats per character."""
    quality: float
    uniqueness: float
    score: float


def originality(lines: Sequence[str], text: str, longest: int) -> Originality:
    """Count lines; `text` is the training text. A line of `longest` characters was cut, so it may match in the middle of a line too."""
    different = {line for line in lines if line}
    whole = "\n" + text + "\n"
    verbatim = sum((line in whole) if len(line) >= longest else (f"\n{line}\n" in whole) for line in different)
    return Originality(len(lines), len(different), verbatim)


def quality(loss: float, vocabulary: int) -> float:
    """Quality of a loss; 0 if the loss is not finite."""
    return 100 * max(0.0, 1 - loss / math.log(vocabulary)) if math.isfinite(loss) else 0.0


def score_of(loss: float, vocabulary: int, uniqueness: float) -> Score:
    q = quality(loss, vocabulary)
    return Score(loss, q, uniqueness, math.sqrt(q * 100 * uniqueness))


def perplexity(loss: float) -> float:
    return math.exp(loss) if loss < 700 else math.inf


def better(ours: Sequence[float], theirs: Sequence[float]) -> int:
    """1 if our scores on the same seeds are better than theirs, -1 if worse, 0 if there is no significant difference.

    A paired t test at 95 % that also asks for a difference of NEAR. One seed gives 0, unless one side scores 0 on every seed.
    """
    found = estimate([a - b for a, b in zip(ours, theirs, strict=True)])
    if min(max(ours), max(theirs)) == 0 and max(ours) != max(theirs):  # one side scores 0 on every seed
        return 1 if max(ours) > 0 else -1
    best = max(sum(ours), sum(theirs)) / len(ours)
    if abs(found.mean) < NEAR * best or found.n < 2 or abs(found.mean) <= student_95(found.n) * found.standard_error:
        return 0
    return 1 if found.mean > 0 else -1


def ranks(scores: Sequence[Sequence[float]]) -> list[int]:
    """Rank by mean over seeds. Agents without a significant difference to the first of a rank share it; ranks after a tie are skipped."""
    order = sorted(range(len(scores)), key=lambda i: -sum(scores[i]))
    places, leader, rank = [0] * len(scores), order[0], 1
    for position, i in enumerate(order, start=1):
        if better(scores[leader], scores[i]) > 0:
            leader, rank = i, position
        places[i] = rank
    return places
