"""Everything that can happen in a run: one frozen class per event, named in the past tense.

An event holds plain numbers, strings and tuples. It carries no wall-clock time, so the same campaign, seed and commands give the same
events byte for byte. A new event needs a class here, a sentence in `story.narration` and, if the screen shows it, a fold in `story.scene`.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.protocol.readings import LayerReading, Reading
from rolltrain_tui.protocol.sheet import Sheet

Outcome = Literal["fumble", "miss", "hit", "crit"]
Topic = Literal[
    "ability", "refused", "monster", "hurt", "heal", "xp", "level", "rest", "evaluation", "speech", "save", "failed", "end", "note", "act",
    "gate", "oracle", "item",
]  # fmt: skip
"""What a line of the log is about. A theme gives each topic a colour and a mark."""
Ending = Literal["victory", "fallen", "spent"]
"""spent: the energy was used up before the last turn."""
Verdict = Literal["helped", "hurt", "no measurable effect"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in `turn` (0: before the first turn). Subclasses register themselves by name."""

    in_story: ClassVar[bool] = True
    """The event belongs to the run: the chronicle keeps it and replays compare it. False: it belongs to this session only."""
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
    """The turn's die was cast (once per micro-batch where the campaign rolls on micro-batches)."""

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
    """What the rulebook's table says, before abilities."""
    micro: int = 0
    note: str = ""
    """What the hook cannot do with this k, in a sentence; usually empty."""


@dataclass(frozen=True, slots=True)
class AbilityUsed(Event):
    """A class ability took hold. `k` is its own multiplier (1 when it has none), `turns` how long it lasts (0: until ended)."""

    topic = "ability"

    ability: str
    option: str
    live: bool
    k: float
    turns: int
    charges: int | None
    note: str = ""
    """What it does and what its own dice said, half a sentence, where k does not say it."""


@dataclass(frozen=True, slots=True)
class AbilityEnded(Event):
    topic = "ability"

    ability: str
    reason: str


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
    """A monster used its power; the saving throw decided how much of it was felt. `effect` says it in words."""

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
    """At 0 HP each turn rolls for life: three successes rise, three failures fall back to the last camp (or end a hardcore campaign)."""

    topic = "hurt"

    natural: int
    successes: int
    failures: int


@dataclass(frozen=True, slots=True)
class HeroFell(Event):
    """The third failed death save. `back_to_turn` is the camp whose weights the party woke with, None when the campaign ended."""

    topic = "hurt"
    milestone = True

    back_to_turn: int | None
    sheet: Sheet
    """After the fall."""


@dataclass(frozen=True, slots=True)
class XPGained(Event):
    topic = "xp"

    amount: int
    """Negative where a gate that stayed shut took some."""
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
    """The model was looked over. `readings` are all signals, those heard every turn too."""

    readings: tuple[Reading, ...]
    layers: tuple[LayerReading, ...]


@dataclass(frozen=True, slots=True)
class GateFaced(Event):
    """The Validation Gate of a camp: the run against plain training at the same turn."""

    topic = "gate"
    milestone = True

    val_loss: float
    ghost: float
    """Plain training's validation loss at this turn."""
    bar: float
    """The worst that passes."""
    opened: bool
    xp: int
    """Won (positive) or lost."""


@dataclass(frozen=True, slots=True)
class Foretold(Event):
    """The player's guess stands until the next evaluation."""

    topic = "oracle"

    guess: str
    low: float = 0.0
    high: float = 0.0
    """The validation losses between which the next one counts as level."""


@dataclass(frozen=True, slots=True)
class ForetellingJudged(Event):
    topic = "oracle"

    guess: str
    answer: str
    """What it really was: lower, level or higher."""
    before: float
    after: float
    """Validation losses."""
    inspired: bool
    """The guess was right, and the hero has inspiration now."""


@dataclass(frozen=True, slots=True)
class InspirationSpent(Event):
    """This turn's roll has advantage."""

    topic = "oracle"


@dataclass(frozen=True, slots=True)
class ItemFound(Event):
    topic = "item"

    item: str
    cause: str


@dataclass(frozen=True, slots=True)
class ItemUsed(Event):
    """An item's lever is in force for so many turns (0: it acted at once)."""

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
    """Plain training at one turn; losses in nats per token."""

    turn: int
    train_loss: float
    """The smoothed loss of the training batches."""
    val_loss: float
    standard_error: float
    """Of val_loss."""


@dataclass(frozen=True, slots=True)
class CampaignBegan(Event):
    """The party set out."""

    topic = "note"
    milestone = True

    campaign: str
    kind: str
    seed: int
    turns: int
    rulebook: str
    die: int
    dc: int
    sheet: Sheet
    parameters: int
    vocabulary: int
    floor: float | None
    device: str
    dtype: str
    energy: float | None = None
    """GFLOP the run may spend; None: no limit."""


@dataclass(frozen=True, slots=True)
class GhostSeen(Event):
    """A ghost walks along: the recorded plain run of this campaign, evaluation by evaluation, all of it known beforehand."""

    topic = "note"

    seed: int
    """Of the recording; it may be another than the run's."""
    points: tuple[GhostPoint, ...]


@dataclass(frozen=True, slots=True)
class StepTaken(Event):
    """One optimiser step was taken (or, when not finite, refused). Fields as in StepReport; `loss_ema` smooths the raw loss."""

    loss: float
    loss_ema: float
    grad_norm: float
    lr: float
    k_requested: float
    k_effective: float
    proposed_norm: float
    applied_norm: float
    tokens: int
    gflop: float
    """Since the campaign began, everything but the twins included."""
    finite: bool
    levers: tuple[str, ...]
    measured: tuple[tuple[str, float], ...] = ()
    """What levers measured of themselves; see `evidence`."""


@dataclass(frozen=True, slots=True)
class Evaluated(Event):
    """Validation on the fixed probe set."""

    topic = "evaluation"

    val_loss: float
    standard_error: float
    best_val_loss: float
    train_loss: float
    improved: bool


@dataclass(frozen=True, slots=True)
class Spoke(Event):
    """The model was asked to speak. `text` is raw, foreign text."""

    topic = "speech"
    minor = True

    text: str
    val_loss: float | None


@dataclass(frozen=True, slots=True)
class CampaignEnded(Event):
    topic = "end"
    milestone = True

    ending: Ending
    train_loss: float
    val_loss: float
    """On the final, larger probe set; not comparable to the last digit with the evaluations on the way."""
    standard_error: float
    best_val_loss: float
    """Best of the evaluations on the way."""
    floor: float | None
    sheet: Sheet
    gflop: float
    title: str = ""
    """Of the campaign's ending that was earned; "" where it has none."""
    text: str = ""
    """What is told at that ending."""


@dataclass(frozen=True, slots=True)
class TwinSetOut(Event):
    """A shadow twin was forked before this turn's step; it walks so many turns without `ability` ("": without any of the hero's)."""

    topic = "ability"
    minor = True

    ability: str
    turns: int


@dataclass(frozen=True, slots=True)
class TwinJudged(Event):
    """Hero and twin were compared on the same validation sequences."""

    topic = "ability"

    ability: str
    since: int
    """The first turn that the twin took."""
    turns: int
    """How many it took."""
    delta: float
    """Validation loss of the hero minus the twin's, nats per token: negative where the ability helped."""
    standard_error: float
    """Of the paired per-sequence difference."""
    verdict: Verdict
    """Forced by the two numbers: a side where |delta| > 2 standard errors."""
    gflop: float
    """Spent on all twins so far, evaluations included; no part of the run's own."""


@dataclass(frozen=True, slots=True)
class TwinLost(Event):
    """A twin ended without a verdict; `reason` may hold the text of an error, foreign until cleaned."""

    topic = "ability"

    ability: str
    since: int
    turns: int
    reason: str
    gflop: float
    """As in TwinJudged."""


@dataclass(frozen=True, slots=True)
class SettingsChanged(Event):
    """From here on the run has other settings than those it began with. `turn` is the last turn that is done."""

    topic = "note"

    changes: tuple[tuple[str, str, str], ...]
    """Dotted path in the campaign, value before, value after; the values as JSON."""
    turns: int
    rulebook: str
    die: int
    dc: int
    sheet: Sheet
    energy: float | None = None
    """These as in CampaignBegan: as they are now, changed or not."""


@dataclass(frozen=True, slots=True)
class CampaignResumed(Event):
    """A save was opened; the story so far is in its chronicle. `turn` is the last turn that is done."""

    in_story = False
    topic = "note"

    campaign: str


@dataclass(frozen=True, slots=True)
class SaveDue(Event):
    """The state between two turns is ready to be saved: by rule, by wish or because the player leaves."""

    in_story = False

    reason: Literal["autosave", "player", "camp", "quit", "end"]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Saved(Event):
    in_story = False
    topic = "save"

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
    """The player left between two turns; the campaign can be continued from its save."""

    in_story = False
    topic = "note"


@dataclass(frozen=True, slots=True)
class TrainingFailed(Event):
    """The learner raised. The last save is intact; `error` is its text, foreign until cleaned."""

    in_story = False
    topic = "failed"

    error: str
