"""The digest of a run: what its pictures and its report card are made of. Bounded memory, however long the chronicle."""

from collections import Counter, deque
from dataclasses import dataclass, field
from math import isfinite, nan
from typing import Self

from rolltrain_tui.exports.fairness import Fairness, fairness
from rolltrain_tui.exports.ledger import Entry
from rolltrain_tui.exports.trend import Lane, Trend
from rolltrain_tui.protocol.events import (
    AbilityUsed,
    CampaignBegan,
    CampaignEnded,
    Event,
    GateFaced,
    GhostSeen,
    HeroFell,
    LevelGained,
    MonsterAppeared,
    MonsterFell,
    TwinJudged,
)

RESOLUTION = 1000
"""Parts of a run that a time line tells apart."""
MOMENTS = 60
CURVES = ("train/loss", "train/loss_rolled", "val/loss", "k/asked", "k/felt", "grad_norm", "lr")


@dataclass(slots=True)
class AbilityTally:
    """What became of one ability."""

    uses: int = 0
    """By the player."""
    triggers: int = 0
    """By itself."""
    turns: int = 0
    """In force."""
    asked: float = 0.0
    """Sums over those turns that were finite."""
    felt: float = 0.0
    measured: int = 0
    twins: int = 0
    delta: float = 0.0
    """Sum of the twins' differences in validation loss."""


@dataclass(slots=True)
class Digest:
    """Everything about a run that one page can say."""

    began: CampaignBegan | None = None
    ended: CampaignEnded | None = None
    ghost: GhostSeen | None = None
    turn: int = 0
    curves: dict[str, Trend] = field(default_factory=lambda: {name: Trend() for name in CURVES})
    lanes: dict[str, Lane] = field(default_factory=dict)
    """Ability or monster -> when it was there."""
    foes: set[str] = field(default_factory=set)
    """Which of the lanes are monsters'."""
    abilities: dict[str, AbilityTally] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)
    slain: Counter[str] = field(default_factory=Counter)
    faces: Counter[int] = field(default_factory=Counter)
    """How often each face of the campaign's die fell, every die counted."""
    outcomes: Counter[str] = field(default_factory=Counter)
    not_finite: int = 0
    deaths: int = 0
    gates: Counter[bool] = field(default_factory=Counter)
    last: dict[str, float] = field(default_factory=dict)
    """Metric -> its latest value."""
    moments: deque[Event] = field(default_factory=lambda: deque(maxlen=MOMENTS))
    """The latest of what a story would not leave out."""

    def hear(self, event: Event) -> Self:
        """An event of the story."""
        match event:
            case CampaignBegan():
                self.began = event
            case CampaignEnded():
                self.ended = event
            case GhostSeen():
                self.ghost = event
            case AbilityUsed():
                tally = self.abilities.setdefault(event.ability, AbilityTally())
                tally.uses, tally.triggers = tally.uses + event.live, tally.triggers + (not event.live)
            case TwinJudged():
                tally = self.abilities.setdefault(event.ability, AbilityTally())
                tally.twins, tally.delta = tally.twins + 1, tally.delta + event.delta
            case MonsterAppeared():
                self.met[event.monster] += 1
            case MonsterFell():
                self.slain[event.monster] += 1
            case HeroFell():
                self.deaths = event.deaths
            case GateFaced():
                self.gates[event.opened] += 1
        if isinstance(event, MonsterFell | HeroFell | LevelGained | GateFaced):
            self.moments.append(event)
        return self

    def add(self, entry: Entry) -> Self:
        """A turn of the ledger."""
        self.turn = entry.turn
        for name, trend in self.curves.items():
            trend.add(entry.turn, entry.numbers.get(name, nan))
        self.last |= entry.numbers
        if not entry.stepped:
            return self
        asked, felt = entry.numbers["k/asked"], entry.numbers["k/felt"]
        self.not_finite += not isfinite(entry.numbers["train/loss"])
        self.outcomes[entry.outcome] += bool(entry.outcome)
        self.faces.update(entry.dice)
        for name in (*entry.abilities, *([entry.monster] if entry.monster else [])):
            self.lanes.setdefault(name, Lane(self._slack)).add(entry.turn)
        self.foes |= {entry.monster} - {""}
        for name in entry.abilities:
            tally = self.abilities.setdefault(name, AbilityTally())
            tally.turns += 1
            if isfinite(felt):
                tally.asked, tally.felt, tally.measured = tally.asked + asked, tally.felt + felt, tally.measured + 1
        return self

    @property
    def _slack(self) -> int:
        return 0 if self.began is None else self.began.turns // RESOLUTION

    @property
    def sides(self) -> int:
        return 20 if self.began is None else self.began.die

    @property
    def counts(self) -> list[int]:
        """How often each face fell, lowest first."""
        return [self.faces[face] for face in range(1, self.sides + 1)]

    @property
    def fairness(self) -> Fairness:
        return fairness(self.counts)
