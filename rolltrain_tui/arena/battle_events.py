"""What happens in a battle, in the past tense. `place` is a contender's place in the order in which they were named."""

from dataclasses import dataclass

from rolltrain_tui.arena.matches import Contender, Match, Standing, Terms


@dataclass(frozen=True, slots=True)
class BattleBegan:
    terms: Terms
    contenders: tuple[Contender, ...]
    steps: tuple[int, ...]
    gflop: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Raced:
    """A stretch of training. Losses are means over the stretch and over seeds, in nats per character."""

    done: float
    steps: tuple[int, ...]
    losses: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Burst:
    """A contender's loss has left what guessing blindly would reach."""

    place: int
    step: int
    loss: float


@dataclass(frozen=True, slots=True)
class WritingBegan:
    samples: int


@dataclass(frozen=True, slots=True)
class Judged:
    place: int
    standing: Standing


@dataclass(frozen=True, slots=True)
class BattleEnded:
    match: Match


Event = BattleBegan | Raced | Burst | WritingBegan | Judged | BattleEnded
