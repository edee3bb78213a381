"""The parts of a scene: plain values, each about one corner of the screen."""

from dataclasses import dataclass, field

from rolltrain_tui.base.grammar import with_minus
from rolltrain_tui.protocol.events import DiceRolled, Event, KeptBack, StepTaken, TwinJudged, TwinLost


@dataclass(slots=True)
class MonsterView:
    """The monster that the hero fights. `since` is the turn in which it appeared."""

    name: str
    challenge: str
    hp: int
    max_hp: int
    signal: str
    since: int
    last_act: str = ""

    @property
    def why(self) -> str:
        """Why it came, with the turn: its signal may have another value by now."""
        return f"Turn {self.since}: {with_minus(self.signal)}"


@dataclass(slots=True)
class AbilityView:
    """An ability in force. `until` is its last turn, None when it holds until it is ended."""

    ability: str
    option: str
    until: int | None


@dataclass(frozen=True, slots=True)
class ItemView:
    """A used item whose lever is in force. `until` is its last turn."""

    item: str
    until: int


@dataclass(slots=True)
class Span:
    """Turns in which an ability was in force, for the chart. `end` is None while it is."""

    ability: str
    start: int
    end: int | None


@dataclass(slots=True)
class Proof:
    """What an ability claimed and what was measured in the weights, over the turns it was in force."""

    ability: str
    option: str
    since: int
    k: float
    """The ability's own multiplier."""
    live: bool
    """The player used it; it did not trigger by itself. A live proof stays until the next live one."""
    turns: int = 0
    measured_turns: int = 0
    """Those of them whose k was measured. The steps of the others are plain."""
    asked: float = 0.0
    """Sum over the measured turns of the k that all levers together asked for."""
    felt: float = 0.0
    """Sum of the k measured in the weights."""
    worst: float = 0.0
    """The largest difference between the two in one turn."""
    levers: tuple[str, ...] = ()
    measured: dict[str, float] = field(default_factory=dict)
    """What each lever measured in its last turn."""
    open: bool = True


@dataclass(slots=True)
class TwinView:
    """The twin: a copy of the learner that trains without the ability, for comparison."""

    ability: str
    """The ability it trains without; "" for all of the hero's."""
    since: int
    turns: int
    walked: int = 0
    end: TwinJudged | TwinLost | KeptBack | None = None

    @property
    def walking(self) -> bool:
        return self.end is None


@dataclass(frozen=True, slots=True)
class StoryLine:
    """An event that has a line of its own in the log. `number` orders it among all lines."""

    number: int
    event: Event


@dataclass(frozen=True, slots=True)
class TurnLine:
    """One turn in numbers: its last roll, its step, and the change of the loss against the turn before."""

    number: int
    roll: DiceRolled | None
    step: StepTaken
    change: float | None
