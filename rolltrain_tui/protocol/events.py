"""What happened in a run: frozen facts in the past tense, plain numbers and strings. First those of the table, then those of training.

`turn` is the turn in which the fact became true (0: before the first). No event carries wall-clock time, so the same campaign, seed
and commands tell the same story byte for byte.
"""

from dataclasses import dataclass
from typing import Literal

from rolltrain_tui.protocol.commands import Command
from rolltrain_tui.protocol.readings import LayerReading, Reading

Outcome = Literal["fumble", "miss", "hit", "crit"]


@dataclass(frozen=True, slots=True)
class Charge:
    """One ability's pool. `left` and `most` are None when it has none; `recharge` is "short", "long" or ""."""

    ability: str
    left: int | None
    most: int | None
    recharge: str
    auto: bool


@dataclass(frozen=True, slots=True)
class CommandAccepted:
    """A command was taken and is in force from this turn on."""

    turn: int
    command: Command


@dataclass(frozen=True, slots=True)
class CommandRefused:
    """A command could not be obeyed; `reason` is a sentence for the player."""

    turn: int
    command: Command
    reason: str


@dataclass(frozen=True, slots=True)
class DiceRolled:
    """The turn's die was cast (once per micro-batch where the campaign rolls on micro-batches)."""

    turn: int
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
class AbilityUsed:
    """A class ability took hold. `k` is its own multiplier (1 when it has none), `turns` how long it lasts (0: until ended)."""

    turn: int
    ability: str
    option: str
    live: bool
    k: float
    turns: int
    charges: int | None
    note: str = ""
    """What it does and what its own dice said, half a sentence, where k does not say it."""


@dataclass(frozen=True, slots=True)
class AbilityEnded:
    turn: int
    ability: str
    reason: str


@dataclass(frozen=True, slots=True)
class MonsterAppeared:
    turn: int
    monster: str
    challenge: str
    """Challenge rating as printed: "1/2", "3"."""
    hp: int
    armour_class: int
    signal: str
    """Why it is here, in a sentence."""


@dataclass(frozen=True, slots=True)
class MonsterActed:
    """A monster used its power; the saving throw decided how much of it was felt. `effect` says it in words."""

    turn: int
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
class MonsterStruck:
    turn: int
    monster: str
    damage: int
    hp: int


@dataclass(frozen=True, slots=True)
class MonsterFell:
    turn: int
    monster: str
    xp: int


@dataclass(frozen=True, slots=True)
class MonsterLeft:
    turn: int
    monster: str
    reason: str


@dataclass(frozen=True, slots=True)
class HeroHurt:
    turn: int
    damage: int
    hp: int
    cause: str


@dataclass(frozen=True, slots=True)
class HeroHealed:
    turn: int
    amount: int
    hp: int
    cause: str


@dataclass(frozen=True, slots=True)
class DeathSaveRolled:
    """At 0 HP each turn rolls for life: three successes rise, three failures fall back to the last camp (or end a hardcore campaign)."""

    turn: int
    natural: int
    successes: int
    failures: int


@dataclass(frozen=True, slots=True)
class HeroFell:
    """The third failed death save. `back_to_turn` is the camp whose weights the party woke with, None when the campaign ended."""

    turn: int
    deaths: int
    back_to_turn: int | None
    level: int = 1
    """This and the rest: the character sheet after the fall."""
    proficiency: int = 2
    xp: int = 0
    next_level_xp: int = 0
    max_hp: int = 0
    expected_k: float = 0.0
    charges: tuple[Charge, ...] = ()
    stats: tuple[tuple[str, int], ...] = ()
    """As in CampaignBegan."""
    choices: int = 0
    """As in LevelGained."""


@dataclass(frozen=True, slots=True)
class XPGained:
    turn: int
    amount: int
    """Negative where a gate that stayed shut took some."""
    total: int
    cause: str


@dataclass(frozen=True, slots=True)
class LevelGained:
    turn: int
    level: int
    proficiency: int
    hp: int
    max_hp: int
    next_level_xp: int
    """Total XP of the next level."""
    expected_k: float
    gains: tuple[str, ...]
    """What is new, a short line each."""
    charges: tuple[Charge, ...]
    choices: int = 0
    """Ability scores the player may raise from now on, older choices included."""


@dataclass(frozen=True, slots=True)
class Rested:
    turn: int
    kind: Literal["short", "long"]
    hp: int
    charges: tuple[Charge, ...]


@dataclass(frozen=True, slots=True)
class AutoSet:
    turn: int
    ability: str
    on: bool


@dataclass(frozen=True, slots=True)
class Examined:
    """The model was looked over. `readings` are all signals, those heard every turn too."""

    turn: int
    readings: tuple[Reading, ...]
    layers: tuple[LayerReading, ...]


@dataclass(frozen=True, slots=True)
class GateFaced:
    """The Validation Gate of a camp: the run against plain training at the same turn."""

    turn: int
    val_loss: float
    ghost: float
    """Plain training's validation loss at this turn."""
    bar: float
    """The worst that passes."""
    opened: bool
    xp: int
    """Won (positive) or lost."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """The player's guess stands until the next evaluation."""

    turn: int
    guess: str
    low: float = 0.0
    high: float = 0.0
    """The validation losses between which the next one counts as level."""


@dataclass(frozen=True, slots=True)
class ForetellingJudged:
    turn: int
    guess: str
    answer: str
    """What it really was: lower, level or higher."""
    before: float
    after: float
    """Validation losses."""
    inspired: bool
    """The guess was right, and the hero has inspiration now."""


@dataclass(frozen=True, slots=True)
class InspirationSpent:
    """This turn's roll has advantage."""

    turn: int


@dataclass(frozen=True, slots=True)
class ItemFound:
    turn: int
    item: str
    cause: str


@dataclass(frozen=True, slots=True)
class ItemUsed:
    """An item's lever is in force for so many turns (0: it acted at once)."""

    turn: int
    item: str
    turns: int
    words: str


@dataclass(frozen=True, slots=True)
class ItemFaded:
    turn: int
    item: str


@dataclass(frozen=True, slots=True)
class StatRaised:
    turn: int
    stat: str
    score: int
    expected_k: float
    """E[k] of one roll from here on."""
    hp: int = 0
    max_hp: int = 0
    """They follow CON."""
    choices: int = 0
    """Ability scores that may still be raised."""


@dataclass(frozen=True, slots=True)
class ActBegan:
    turn: int
    number: int
    """From 1."""
    title: str
    text: str


Fact = (
    CommandAccepted | CommandRefused | DiceRolled | AbilityUsed | AbilityEnded | MonsterAppeared | MonsterActed | MonsterStruck
    | MonsterFell | MonsterLeft | HeroHurt | HeroHealed | DeathSaveRolled | HeroFell | XPGained | LevelGained | Rested | AutoSet
    | Examined | GateFaced | Foretold | ForetellingJudged | InspirationSpent | ItemFound | ItemUsed | ItemFaded | StatRaised | ActBegan
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class GhostPoint:
    """Plain training at one turn; losses in nats per token."""

    turn: int
    train_loss: float
    """The smoothed loss of the training batches."""
    val_loss: float
    standard_error: float
    """Of val_loss."""


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
