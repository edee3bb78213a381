"""What a screen shows, as a pure fold of events: `scene.apply(event)` one after the other, from the first or from any point on.

No clock, no terminal, no torch; memory is bounded however long the run is. The words of the log are narration's, told when they are read.
"""

from collections import deque
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Self

from rolltrain_tui.protocol.events import (
    AbilityUsed,
    ActBegan,
    CampaignEnded,
    Charge,
    CommandAccepted,
    CommandRefused,
    Evaluated,
    Event,
    Examined,
    ForetellingJudged,
    Foretold,
    GateFaced,
    GhostSeen,
    LevelGained,
    Outcome,
    Saved,
    SaveFailed,
    Spoke,
    StepTaken,
)
from rolltrain_tui.protocol.readings import Reading
from rolltrain_tui.story.scene.folds import FOLDS
from rolltrain_tui.story.scene.kinds import KINDS, MILESTONE, MINOR
from rolltrain_tui.story.scene.series import LossSeries
from rolltrain_tui.story.scene.views import (
    AbilityView,
    HeroView,
    ItemView,
    MonsterView,
    Proof,
    RollView,
    Span,
    StoryLine,
    TurnLine,
    TwinView,
)

STORY_LINES, TURN_LINES, SPANS, VALIDATIONS, MILESTONES = 1000, 1000, 64, 2000, 200


@dataclass(slots=True)
class Scene:
    """Everything a screen shows of a run."""

    campaign: str = ""
    kind: str = ""
    seed: int = 0
    turn: int = 0
    """The last turn that is done."""
    turns: int = 0
    rulebook: str = ""
    die: int = 20
    dc: int = 0
    modifier: int = 0
    expected_k: float | None = None
    parameters: int = 0
    vocabulary: int = 0
    device: str = ""
    dtype: str = ""
    floor: float | None = None
    hero: HeroView = field(default_factory=HeroView)
    charges: dict[str, Charge] = field(default_factory=dict)
    active: dict[str, AbilityView] = field(default_factory=dict)
    roll: RollView | None = None
    step: StepTaken | None = None
    previous_loss: float | None = None
    monster: MonsterView | None = None
    last_foe: str = ""
    """How the last encounter ended."""
    losses: LossSeries = field(default_factory=LossSeries)
    validations: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=VALIDATIONS))
    spans: deque[Span] = field(default_factory=lambda: deque(maxlen=SPANS))
    evaluation: Evaluated | None = None
    best_val_loss: float | None = None
    examined: Examined | None = None
    """The last look under the glass."""
    gate: GateFaced | None = None
    ghost: GhostSeen | None = None
    """Plain training, whole, to be drawn beside the run."""
    act: ActBegan | None = None
    """The part of the story that is being played."""
    foretold: Foretold | None = None
    """The player's guess while it waits for its evaluation."""
    judged: ForetellingJudged | None = None
    bag: dict[str, int] = field(default_factory=dict)
    """Items and how many of each, in the order they were found."""
    items: dict[str, ItemView] = field(default_factory=dict)
    """Used items in force."""
    proof: Proof | None = None
    twin: TwinView | None = None
    """The shadow twin under way, or what became of the last one."""
    spoke: Spoke | None = None
    gflop: float = 0.0
    """The run's own energy."""
    energy: float | None = None
    """GFLOP that it may spend; None: no limit."""
    twin_gflop: float = 0.0
    """Of all twins that were judged or lost; comes on top."""
    tokens: int = 0
    not_finite: int = 0
    """Turns whose loss or gradient was not finite."""
    saved: Saved | SaveFailed | None = None
    acknowledged: CommandAccepted | CommandRefused | None = None
    level_gained: LevelGained | None = None
    ending: CampaignEnded | None = None
    stopped: bool = False
    failure: str = ""
    """The text of what stopped the training, foreign until cleaned."""
    outcomes: dict[Outcome, int] = field(default_factory=lambda: {"fumble": 0, "miss": 0, "hit": 0, "crit": 0})
    story: deque[StoryLine] = field(default_factory=lambda: deque(maxlen=STORY_LINES))
    turn_lines: deque[TurnLine] = field(default_factory=lambda: deque(maxlen=TURN_LINES))
    milestones: deque[Event] = field(default_factory=lambda: deque(maxlen=MILESTONES))
    """What a story of the whole run would not leave out."""
    lines: int = 0
    """Log lines so far; the next one's number."""

    @classmethod
    def of(cls, events: Iterable[Event]) -> Self:
        """The scene after these events."""
        scene = cls()
        for event in events:
            scene.apply(event)
        return scene

    def apply(self, event: Event) -> None:
        """Take one more event in. Total: every event is known, and an event that changes nothing on screen changes nothing here."""
        if (fold := FOLDS.get(type(event))) is not None:
            fold(self, event)
        kind = KINDS.get(type(event))
        if kind is not None and not (isinstance(event, Saved) and event.reason == "autosave"):
            self.story.append(StoryLine(self.lines, event.turn, kind, event, isinstance(event, MINOR)))
            self.lines += 1
        if isinstance(event, MILESTONE) or (isinstance(event, AbilityUsed) and event.live):
            self.milestones.append(event)

    def copy(self) -> "Scene":
        """A scene that goes its own way from here. Events and log lines are shared: nobody changes them."""
        twin: Scene = _apart(self)
        return twin

    @property
    def finished(self) -> bool:
        """No turn will follow in this sitting."""
        return self.ending is not None or self.stopped or bool(self.failure)

    @property
    def sick(self) -> tuple[Reading, ...]:
        """The signals that the last examination found outside their bounds."""
        return () if self.examined is None else tuple(reading for reading in self.examined.readings if reading.condition == "sick")

    def turns_left(self, ability: str) -> int | None:
        """Turns that an ability in force still has; None when it holds until ended or is not in force."""
        view = self.active.get(ability)
        return None if view is None or view.until is None else max(0, view.until - self.turn)


def _apart(value: Any) -> Any:
    """A copy as deep as values can change."""
    if isinstance(value, dict):
        return {name: _apart(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_apart(part) for part in value]
    if isinstance(value, deque):
        return deque(map(_apart, value), value.maxlen)
    if not is_dataclass(value) or getattr(value, "__dataclass_params__").frozen:  # noqa: B009 - typeshed does not know it
        return value
    twin = copy(value)
    for part in fields(value):
        setattr(twin, part.name, _apart(getattr(value, part.name)))
    return twin
