"""Everything that can happen in a run: one frozen class per event, named in the past tense.

An event holds plain numbers, strings and tuples. It carries no wall-clock time, so the same campaign, seed and commands give the same
events byte for byte. A new event needs a class here, a sentence in `story.narration` and, if the screen shows it, a fold in `story.scene`.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.protocol.machine import Machine
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.protocol.readings import LayerReading, Pace, Reading, ScoutReport
from rolltrain_tui.protocol.sheet import Sheet

Outcome = Literal["fumble", "miss", "hit", "crit"]
Topic = Literal[
    "ability", "refused", "monster", "hurt", "heal", "xp", "level", "rest", "evaluation", "speech", "save", "failed", "end", "note", "act",
    "gate", "oracle", "item", "vote",
]  # fmt: skip
"""What a line of the log is about. A theme gives each topic a colour and a mark."""
Ending = Literal["victory", "fallen", "spent"]
"""spent: the energy was used up before the last turn."""
Verdict = Literal["helped", "hurt", "no measurable effect"]
ENDLESS = 1_000_000
"""Turns of a foreign loop that does not say how many it takes."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in `turn` (0: before the first turn). Subclasses register themselves by name."""

    in_story: ClassVar[bool] = True
    """The event belongs to the run: the chronicle keeps it and replays compare it. False: it belongs to this session only."""
    retold: ClassVar[bool] = True
    """Whoever trains the run again meets the event again. False: it tells of the record itself."""
    topic: ClassVar[Topic | None] = None
    """What the event's line in the log is about. None: it gets no line of its own."""
    minor: ClassVar[bool] = False
    """Another panel shows it too, so the short log leaves it out."""
    milestone: ClassVar[bool] = False
    """A summary of the whole run includes it."""

    turn: int

    def __init_subclass__(cls) -> None:
        EVENTS[cls.__name__] = cls  # slots=True builds each class a second time; the second registration is the one that stays


EVENTS: dict[str, type[Event]] = {}
"""Every event class by its name, which is also its "type" on disk."""


@dataclass(frozen=True, slots=True)
class CommandAccepted(Event):
    """A command was taken and is in force from this turn on."""

    command: Command


@dataclass(frozen=True, slots=True)
class CommandRefused(Event):
    """A command could not be obeyed; `reason` is a sentence for the player."""

    topic = "refused"

    command: Command
    reason: str


@dataclass(frozen=True, slots=True)
class DiceRolled(Event):
    """The turn's die was rolled; once per micro-batch where the campaign rolls on micro-batches."""

    die: int
    naturals: tuple[int, ...]
    """All dice on the table, two with advantage or disadvantage."""
    natural: int
    """The one that counts, after floors such as "take 10"."""
    modifier: int
    total: int
    dc: int
    outcome: Outcome
    k: float
    """The rulebook's k, before abilities."""
    micro: int = 0
    note: str = ""
    """Why the hook cannot apply this k, in a sentence; usually empty."""


@dataclass(frozen=True, slots=True)
class AbilityUsed(Event):
    """A class ability began. `k` is its own multiplier (1: none), `turns` how long it lasts (0: until ended)."""

    topic = "ability"

    ability: str
    option: str
    live: bool
    k: float
    turns: int
    charges: int | None
    note: str = ""
    """What it does and what its dice rolled, where k does not say it; half a sentence."""


@dataclass(frozen=True, slots=True)
class AbilityEnded(Event):
    topic = "ability"

    ability: str
    reason: str


@dataclass(frozen=True, slots=True)
class DialTurned(Event):
    """The player changed how the training learns, from this turn on."""

    topic = "ability"
    milestone = True

    dial: str
    title: str
    value: str
    """As the player said it; "" for a dial that acts once."""
    words: str
    """What it does to the training, half a sentence."""


@dataclass(frozen=True, slots=True)
class MonsterAppeared(Event):
    topic = "monster"

    monster: str
    challenge: str
    """Challenge rating as printed: "1/2", "3"."""
    hp: int
    armour_class: int
    signal: str
    """Why it is here, in a sentence."""


@dataclass(frozen=True, slots=True)
class MonsterActed(Event):
    """A monster attacked. The saving throw decides how much of the attack takes effect; `effect` describes it."""

    topic = "monster"

    monster: str
    attack: str
    save_stat: str
    natural: int
    total: int
    dc: int
    saved: bool
    damage: int
    effect: str


@dataclass(frozen=True, slots=True)
class MonsterStruck(Event):
    topic = "monster"
    minor = True

    monster: str
    damage: int
    hp: int


@dataclass(frozen=True, slots=True)
class MonsterFell(Event):
    topic = "monster"
    milestone = True

    monster: str
    xp: int


@dataclass(frozen=True, slots=True)
class MonsterLeft(Event):
    topic = "monster"

    monster: str
    reason: str


@dataclass(frozen=True, slots=True)
class HeroHurt(Event):
    topic = "hurt"

    damage: int
    hp: int
    cause: str


@dataclass(frozen=True, slots=True)
class HeroHealed(Event):
    topic = "heal"

    amount: int
    hp: int
    cause: str


@dataclass(frozen=True, slots=True)
class DeathSaveRolled(Event):
    """At 0 HP the hero rolls each turn. Three successes: up again. Three failures: back to the last camp, or the campaign ends."""

    topic = "hurt"

    natural: int
    successes: int
    failures: int


@dataclass(frozen=True, slots=True)
class HeroFell(Event):
    """The third death save failed. `back_to_turn` is the camp whose weights return; None: the campaign ends."""

    topic = "hurt"
    milestone = True

    back_to_turn: int | None
    sheet: Sheet
    """After the fall."""


@dataclass(frozen=True, slots=True)
class XPGained(Event):
    topic = "xp"

    amount: int
    """Negative: a gate that stayed shut took some."""
    total: int
    cause: str


@dataclass(frozen=True, slots=True)
class LevelGained(Event):
    topic = "level"
    milestone = True

    gains: tuple[str, ...]
    """What is new, a short line each."""
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class Rested(Event):
    topic = "rest"

    kind: Literal["short", "long"]
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class AutoSet(Event):
    topic = "ability"

    ability: str
    on: bool


@dataclass(frozen=True, slots=True)
class Examined(Event):
    """The model was examined. `readings` holds all signals, also those measured every turn."""

    readings: tuple[Reading, ...]
    layers: tuple[LayerReading, ...]
    uncounted: tuple[str, ...] = ()
    """Signals out of bounds that count towards no monster yet, since the run is young. Runs did not always tell them."""

    @property
    def sick(self) -> tuple[Reading, ...]:
        """What is out of bounds, and counts."""
        return tuple(reading for reading in self.readings if reading.condition == "sick" and reading.signal not in self.uncounted)


@dataclass(frozen=True, slots=True)
class ScoutsSetOut(Event):
    """Scouts go out after this turn. No turn passes until they are back."""

    in_story = False


@dataclass(frozen=True, slots=True)
class ScoutsReturned(Event):
    """Scouts measured, after this turn, which multiple of the run's steps is best now."""

    topic = "oracle"
    milestone = True

    pace: Pace
    best: float
    """The best multiple of the step, from a parabola through the scouts' values in log k. NaN where none of them came to anything."""
    low: float
    high: float
    """The 95 % interval of `best`, from the sequences. 0 and infinity where the scouts did not go far enough to bound it."""
    scouts: tuple[ScoutReport, ...]
    """First those that began where the run stands, then those that began anew; each by k."""
    gflop: float
    """Total of all scouts so far with their evaluations; not part of the run's own."""


@dataclass(frozen=True, slots=True)
class GateFaced(Event):
    """A camp compared the run with plain training at the same turn: the Validation Gate."""

    topic = "gate"
    milestone = True

    value: float = field(metadata={"formerly": "val_loss"})
    ghost: float
    """Plain training's value at this turn."""
    bar: float
    """The worst value that passes."""
    opened: bool
    xp: int
    """Won (positive) or lost."""


@dataclass(frozen=True, slots=True)
class Foretold(Event):
    """The player predicted the next evaluation."""

    topic = "oracle"

    guess: str
    low: float = 0.0
    high: float = 0.0
    """The values between which the next one counts as level."""


@dataclass(frozen=True, slots=True)
class ForetellingJudged(Event):
    topic = "oracle"

    guess: str
    answer: str
    """The truth: lower, level or higher."""
    before: float
    after: float
    """Values of the evaluations."""
    inspired: bool
    """The guess was right, so the hero has inspiration."""


@dataclass(frozen=True, slots=True)
class RoomVoted(Event):
    """A room has voted. What it chose follows as an order, in the same turn."""

    topic = "vote"
    milestone = True

    question: str
    votes: tuple[tuple[str, int], ...]
    """Each option with its votes."""
    winner: str


@dataclass(frozen=True, slots=True)
class InspirationSpent(Event):
    """The hero gave up inspiration: this turn's roll has advantage."""

    topic = "oracle"


@dataclass(frozen=True, slots=True)
class ItemFound(Event):
    topic = "item"

    item: str
    cause: str


@dataclass(frozen=True, slots=True)
class ItemUsed(Event):
    """An item was used up. Its lever holds for `turns` turns (0: it acted at once)."""

    topic = "item"

    item: str
    turns: int
    words: str


@dataclass(frozen=True, slots=True)
class ItemFaded(Event):
    topic = "item"

    item: str


@dataclass(frozen=True, slots=True)
class StatRaised(Event):
    topic = "level"

    stat: str
    score: int
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class ActBegan(Event):
    topic = "act"
    milestone = True

    number: int
    """From 1."""
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class GhostPoint:
    """Plain training at one turn."""

    turn: int
    train_loss: float
    """The smoothed loss of the training batches."""
    value: float = field(metadata={"formerly": "val_loss"})
    standard_error: float
    """Standard error of the value."""


@dataclass(frozen=True, slots=True)
class CampaignBegan(Event):
    """The run began."""

    topic = "note"
    milestone = True

    campaign: str
    kind: str
    seed: int
    turns: int
    """ENDLESS in a foreign loop that does not say how many it takes."""
    rulebook: str
    die: int
    dc: int
    sheet: Sheet
    objective: Objective
    """What the evaluations of this run measure."""
    parameters: int
    model: str
    """What is trained, in a few words."""
    device: str
    dtype: str
    energy: float | None = None
    """The run's limit in GFLOP; None: no limit."""
    machine: Machine | None = None
    """Where the run began; None in runs that were recorded before they told it. No part of the story: another machine tells the same."""

    @property
    def length(self) -> int | None:
        """How many turns it will be; None: nobody knows."""
        return None if self.kind == "module" and self.turns == ENDLESS else self.turns


@dataclass(frozen=True, slots=True)
class GhostSeen(Event):
    """A recorded plain run of this campaign was found: the baseline (ghost), evaluation by evaluation."""

    topic = "note"

    seed: int
    """The recording's seed, which may differ from the run's."""
    points: tuple[GhostPoint, ...]


@dataclass(frozen=True, slots=True)
class StepTaken(Event):
    """One optimiser step was taken (or, when not finite, refused). Fields as in StepReport; `loss_ema` smooths the raw loss."""

    loss: float
    loss_ema: float
    grad_norm: float
    lr: float
    k_requested: float
    k_effective: float | None
    proposed_norm: float | None
    applied_norm: float | None
    tokens: int
    gflop: float
    """Total since the run began, without the twins."""
    finite: bool
    levers: tuple[str, ...]
    measured: tuple[tuple[str, float], ...] = ()
    """What levers measured; `story.measurements` words it."""

    @property
    def still(self) -> bool:
        """There was no step to scale: the loop skipped it, or the optimiser proposed to move nothing."""
        return self.finite and self.k_effective is None and self.applied_norm == 0


@dataclass(frozen=True, slots=True)
class LoopWarned(Event):
    """Something in a training loop that is not ours looks wrong. `text` is a sentence for the person who wrote it."""

    topic = "note"
    milestone = True

    text: str


@dataclass(frozen=True, slots=True)
class Evaluated(Event):
    """An evaluation on the fixed probe set."""

    topic = "evaluation"

    value: float = field(metadata={"formerly": "val_loss"})
    standard_error: float
    best: float = field(metadata={"formerly": "best_val_loss"})
    train_loss: float
    improved: bool


@dataclass(frozen=True, slots=True)
class Spoke(Event):
    """The model wrote a sample. `text` is raw and untrusted."""

    topic = "speech"
    minor = True

    text: str
    value: float | None = field(metadata={"formerly": "val_loss"})


@dataclass(frozen=True, slots=True)
class CampaignEnded(Event):
    topic = "end"
    milestone = True

    ending: Ending
    train_loss: float
    value: float = field(metadata={"formerly": "val_loss"})
    """On the final, larger probe set, so not quite comparable with the evaluations before."""
    standard_error: float
    best: float = field(metadata={"formerly": "best_val_loss"})
    """The best of the evaluations before the final one."""
    sheet: Sheet
    gflop: float
    title: str = ""
    """Title of the ending that the run earned; "" where the campaign has none."""
    text: str = ""
    """The text of that ending."""


@dataclass(frozen=True, slots=True)
class TwinSetOut(Event):
    """A twin was forked before this turn's step. It trains `turns` turns without `ability` ("": without any ability)."""

    topic = "ability"
    minor = True

    ability: str
    turns: int


@dataclass(frozen=True, slots=True)
class TwinJudged(Event):
    """The run and its twin were compared on the same validation sequences."""

    topic = "ability"

    ability: str
    since: int
    """The twin's first turn."""
    turns: int
    """How many turns it trained."""
    delta: float
    """The hero's value minus the twin's, in the unit of the objective."""
    standard_error: float
    """Standard error of the paired per-sequence difference."""
    verdict: Verdict
    """Decided by the two numbers: helped or hurt where |delta| > 2 standard errors."""
    gflop: float
    """Total of all twins so far with their evaluations; not part of the run's own."""


@dataclass(frozen=True, slots=True)
class TwinLost(Event):
    """A twin ended without a verdict. `reason` may hold an error's text: untrusted, clean it before printing."""

    topic = "ability"

    ability: str
    since: int
    turns: int
    reason: str
    gflop: float
    """As in TwinJudged."""


@dataclass(frozen=True, slots=True)
class SettingsChanged(Event):
    """The run's settings changed. `turn` is the last finished turn."""

    topic = "note"

    changes: tuple[tuple[str, str, str], ...]
    """Dotted path in the campaign, value before, value after; the values as JSON."""
    turns: int
    rulebook: str
    die: int
    dc: int
    sheet: Sheet
    energy: float | None = None
    """This and the fields before it are as in CampaignBegan, with today's values."""


Secret = Literal["ghost", "floor", "verdict", "diagnosis"]
"""What a teacher can keep back from the room until it has guessed."""


@dataclass(frozen=True, slots=True)
class KeptBack(Event):
    """Stands on screens for an event that the room is not to see yet."""

    in_story = False
    topic = "note"

    secret: Secret
    ability: str = ""
    """The ability, where a twin's verdict on it is kept back."""


@dataclass(frozen=True, slots=True)
class MachineChanged(Event):
    """The run goes on with another kind of machine. `turn` is the last finished turn, or one that was left half-way."""

    retold = False
    topic = "note"

    machine: Machine


@dataclass(frozen=True, slots=True)
class CampaignResumed(Event):
    """A save was opened. The chronicle has the events before it. `turn` is the last finished turn."""

    in_story = False
    topic = "note"

    campaign: str


@dataclass(frozen=True, slots=True)
class SaveDue(Event):
    """Between two turns: the campaign asks for a save."""

    in_story = False

    reason: Literal["autosave", "player", "camp", "quit", "end"]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Saved(Event):
    in_story = False
    topic = "save"
    minor = True

    reason: str
    path: str


@dataclass(frozen=True, slots=True)
class SaveFailed(Event):
    in_story = False
    topic = "failed"

    path: str
    error: str


@dataclass(frozen=True, slots=True)
class CampaignStopped(Event):
    """The player left between two turns. The campaign can be resumed from its save."""

    in_story = False
    topic = "note"


@dataclass(frozen=True, slots=True)
class TrainingFailed(Event):
    """The learner raised an exception. The last save is intact. `error` is untrusted text: clean it before printing."""

    in_story = False
    topic = "failed"

    error: str
