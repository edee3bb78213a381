"""What happens in the arena, as plain values for screens, pipes and tests.

In battles `place` is the position of a contender in the list of contenders.
"""

from dataclasses import dataclass

from rolltrain_tui.arena.agent_file import Champion
from rolltrain_tui.arena.matches import Contender, Match, Standing, Terms

# ---------------------------------------------------------------------------------------------------------------------
# The training of one agent


@dataclass(frozen=True, slots=True)
class Progressed:
    """Some steps were taken."""

    step: int
    """Steps of the agent in all."""
    done: float
    """Part of this training that is done, 0 to 1."""
    loss: float
    """Mean over the steps since the last such event, in nats per character."""
    grad_norm: float
    """Mean over the same steps."""


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """A value of the recipe was changed. It acts from the step after `step`."""

    agent: str
    name: str
    before: str
    after: str
    step: int


@dataclass(frozen=True, slots=True)
class SettingRefused:
    agent: str
    reason: str


@dataclass(frozen=True, slots=True)
class Trained:
    """The training is over. The reader of this event must write the agent to disk."""

    champion: Champion
    stopped: bool
    """The player stopped it before all steps were taken."""


TrainingEvent = Progressed | SettingChanged | SettingRefused | Trained

# ---------------------------------------------------------------------------------------------------------------------
# A battle


@dataclass(frozen=True, slots=True)
class BattleBegan:
    terms: Terms
    contenders: tuple[Contender, ...]
    steps: tuple[int, ...]
    gflop: tuple[float, ...]


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
