"""What happens in battles and tournaments, as plain values for screens, pipes and tests.

`place` is the position of a contender in the list of contenders.
"""

from dataclasses import dataclass

from rolltrain_tui.arena.battles.matches import Contender, Match, Standing, Terms


@dataclass(frozen=True, slots=True)
class BattleBegan:
    terms: Terms
    contenders: tuple[Contender, ...]
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Raced:
    """A stretch of training. Losses are means over its steps and over seeds, in nats per character."""

    done: float
    steps: tuple[int, ...]
    losses: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Burst:
    """The loss of a contender is far above that of uniform guessing."""

    place: int
    step: int
    loss: float


@dataclass(frozen=True, slots=True)
class WritingBegan:
    samples: int


@dataclass(frozen=True, slots=True)
class ContenderJudged:
    place: int
    standing: Standing


@dataclass(frozen=True, slots=True)
class BattleEnded:
    match: Match


BattleEvent = BattleBegan | Raced | Burst | WritingBegan | ContenderJudged | BattleEnded


@dataclass(frozen=True, slots=True)
class PairBegan:
    """Match `number` of a tournament begins; `of` is the number of matches, as far as it is known."""

    round: int
    number: int
    of: int
    names: tuple[str, str]
