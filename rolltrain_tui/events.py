"""What happened in a run: the facts of the table (`rules.facts`) and those of training, on one page for every reader.

No event carries wall-clock time, so the same campaign, seed and commands tell the same story byte for byte.
"""

from dataclasses import dataclass
from typing import Literal

from rolltrain_tui.rules.facts import (
    AbilityEnded,
    AbilityUsed,
    ActBegan,
    AutoSet,
    Charge,
    CommandAccepted,
    CommandRefused,
    DeathSaveRolled,
    DiceRolled,
    Examined,
    Fact,
    ForetellingJudged,
    Foretold,
    GateFaced,
    HeroFell,
    HeroHealed,
    HeroHurt,
    InspirationSpent,
    ItemFaded,
    ItemFound,
    ItemUsed,
    LevelGained,
    MonsterActed,
    MonsterAppeared,
    MonsterFell,
    MonsterLeft,
    MonsterStruck,
    Outcome,
    Rested,
    StatRaised,
    XPGained,
)
from rolltrain_tui.rules.gate import GhostPoint

Ending = Literal["victory", "fallen", "spent"]
"""spent: the campaign's energy was gone before its turns were."""
Verdict = Literal["helped", "hurt", "no measurable effect"]


@dataclass(frozen=True, slots=True)
class CampaignBegan:
    """The party set out."""

    turn: int
    campaign: str
    kind: str
    seed: int
    turns: int
    rulebook: str
    die: int
    dc: int
    modifier: int
    expected_k: float
    hero: str
    hero_class: str
    level: int
    proficiency: int
    stats: tuple[tuple[str, int], ...]
    """("STR", 16), ... in the rulebook's order."""
    hp: int
    max_hp: int
    next_level_xp: int
    charges: tuple[Charge, ...]
    parameters: int
    vocabulary: int
    floor: float | None
    device: str
    dtype: str
    energy: float | None = None
    """GFLOP the run may spend; None: no limit."""


@dataclass(frozen=True, slots=True)
class GhostSeen:
    """A ghost walks along: the recorded plain run of this campaign, evaluation by evaluation, all of it known beforehand."""

    turn: int
    seed: int
    """Of the recording; it may be another than the run's."""
    points: tuple[GhostPoint, ...]


@dataclass(frozen=True, slots=True)
class StepTaken:
    """One optimiser step was taken (or, when not finite, refused). Fields as in StepReport; `loss_ema` smooths the raw loss."""

    turn: int
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
class Evaluated:
    """Validation on the fixed probe set."""

    turn: int
    val_loss: float
    standard_error: float
    best_val_loss: float
    train_loss: float
    improved: bool


@dataclass(frozen=True, slots=True)
class Spoke:
    """The model was asked to speak. `text` is raw, foreign text."""

    turn: int
    text: str
    val_loss: float | None


@dataclass(frozen=True, slots=True)
class CampaignEnded:
    turn: int
    ending: Ending
    train_loss: float
    val_loss: float
    """On the final, larger probe set; not comparable to the last digit with the evaluations on the way."""
    standard_error: float
    best_val_loss: float
    """Best of the evaluations on the way."""
    floor: float | None
    level: int
    xp: int
    deaths: int
    gflop: float
    title: str = ""
    """Of the campaign's ending that was earned; "" where it has none."""
    text: str = ""
    """What is told at that ending."""


@dataclass(frozen=True, slots=True)
class TwinSetOut:
    """A shadow twin was forked before this turn's step; it walks so many turns without `ability` ("": without any of the hero's)."""

    turn: int
    ability: str
    turns: int


@dataclass(frozen=True, slots=True)
class TwinJudged:
    """Hero and twin were compared on the same validation sequences."""

    turn: int
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
class TwinLost:
    """A twin ended without a verdict; `reason` may hold the text of an error, foreign until cleaned."""

    turn: int
    ability: str
    since: int
    turns: int
    reason: str
    gflop: float
    """As in TwinJudged."""


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """From here on the run has other settings than those it began with. `turn` is the last turn that is done."""

    turn: int
    changes: tuple[tuple[str, str, str], ...]
    """Dotted path in the campaign, value before, value after; the values as JSON."""
    turns: int
    rulebook: str
    die: int
    dc: int
    modifier: int
    expected_k: float
    energy: float | None = None
    """These as in CampaignBegan: as they are now, changed or not."""


Story = (
    Fact | CampaignBegan | GhostSeen | SettingsChanged | StepTaken | Evaluated | Spoke | TwinSetOut | TwinJudged | TwinLost | CampaignEnded
)
"""Facts about the run: the chronicle keeps all of them, and they are the same wherever the run is played."""


@dataclass(frozen=True, slots=True)
class CampaignResumed:
    """A save was opened; the story so far is in its chronicle. `turn` is the last turn that is done."""

    turn: int
    campaign: str


@dataclass(frozen=True, slots=True)
class SaveDue:
    """The state between two turns is ready to be saved: by rule, by wish or because the player leaves."""

    turn: int
    reason: Literal["autosave", "player", "camp", "quit", "end"]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    turn: int
    reason: str
    path: str


@dataclass(frozen=True, slots=True)
class SaveFailed:
    turn: int
    path: str
    error: str


@dataclass(frozen=True, slots=True)
class CampaignStopped:
    """The player left between two turns; the campaign can be continued from its save."""

    turn: int


@dataclass(frozen=True, slots=True)
class TrainingFailed:
    """The learner raised. The last save is intact; `error` is its text, foreign until cleaned."""

    turn: int
    error: str


Notice = CampaignResumed | SaveDue | Saved | SaveFailed | CampaignStopped | TrainingFailed
"""Facts about this sitting, not about the run: shown, never part of the story that replays compare."""

Event = Story | Notice

__all__ = [
    "AbilityEnded",
    "AbilityUsed",
    "ActBegan",
    "AutoSet",
    "CampaignBegan",
    "CampaignEnded",
    "CampaignResumed",
    "CampaignStopped",
    "Charge",
    "CommandAccepted",
    "CommandRefused",
    "DeathSaveRolled",
    "DiceRolled",
    "Ending",
    "Evaluated",
    "Event",
    "Examined",
    "Fact",
    "ForetellingJudged",
    "Foretold",
    "GateFaced",
    "GhostPoint",
    "GhostSeen",
    "HeroFell",
    "HeroHealed",
    "HeroHurt",
    "InspirationSpent",
    "ItemFaded",
    "ItemFound",
    "ItemUsed",
    "LevelGained",
    "MonsterActed",
    "MonsterAppeared",
    "MonsterFell",
    "MonsterLeft",
    "MonsterStruck",
    "Notice",
    "Outcome",
    "Rested",
    "SaveDue",
    "SaveFailed",
    "Saved",
    "SettingsChanged",
    "Spoke",
    "StatRaised",
    "StepTaken",
    "Story",
    "TrainingFailed",
    "TwinJudged",
    "TwinLost",
    "TwinSetOut",
    "Verdict",
    "XPGained",
]
