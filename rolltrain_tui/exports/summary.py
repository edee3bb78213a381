"""Everything that the pictures and the report card of a run need. Memory stays bounded for a log of any length."""

from collections import Counter, deque
from dataclasses import dataclass, field
from math import isfinite, nan
from typing import Self

from rolltrain_tui.exports.curve import Curve, Lane
from rolltrain_tui.exports.fairness import Fairness, fairness
from rolltrain_tui.exports.metrics import TurnMetrics
from rolltrain_tui.protocol import events as ev
from rolltrain_tui.protocol.objective import VALIDATION_LOSS, Objective
from rolltrain_tui.story.judgement import Judgement, judge, outdates_ghost

MOMENTS = 60
CURVES = ("train/loss", "train/loss_rolled", "val/loss", "k/asked", "k/felt")


@dataclass(slots=True)
class AbilityTally:
    """How one ability was used."""

    uses: int = 0
    """By the player."""
    triggers: int = 0
    """By its passive form."""
    turns: int = 0
    """Turns in which it was in force."""
    asked: float = 0.0
    """Sum of k over the `measured` ones of these turns. `felt` likewise."""
    felt: float = 0.0
    measured: int = 0
    """Turns whose k was measured in the weights."""
    twins: int = 0
    delta: float = 0.0
    """Sum of the twins' differences in the objective."""

    def measure(self, asked: float, felt: float | None) -> None:
        """One turn in force."""
        self.turns += 1
        if felt is not None and isfinite(felt):
            self.asked, self.felt, self.measured = self.asked + asked, self.felt + felt, self.measured + 1

    @property
    def means(self) -> tuple[float, float]:
        """Means of k asked and k felt over the measured turns; NaN where there is none."""
        return (self.asked / self.measured, self.felt / self.measured) if self.measured else (nan, nan)


@dataclass(slots=True)
class RunSummary:
    """A fold of events and turn metrics. Call `hear` for each event and `add` for each finished turn."""

    began: ev.CampaignBegan | None = None
    turns: int | None = None
    """How many turns the run has by its latest settings; None: nobody knows."""
    sides: int = 20
    """Of the die that is cast now."""
    ended: ev.CampaignEnded | None = None
    ghost: ev.GhostSeen | None = None
    evaluated: ev.Evaluated | None = None
    """The last evaluation before the final one."""
    turn: int = 0
    curves: dict[str, Curve] = field(default_factory=lambda: {name: Curve() for name in CURVES})
    """Metric -> its values. Both k are those of measured turns only, so that their means can be compared."""
    lanes: dict[str, Lane] = field(default_factory=dict)
    """Ability or monster -> the turns in which it was in force or near."""
    foes: set[str] = field(default_factory=set)
    """The monsters among the lanes."""
    abilities: dict[str, AbilityTally] = field(default_factory=dict)
    steps: AbilityTally = field(default_factory=AbilityTally)
    """All turns, whatever was in force."""
    met: Counter[str] = field(default_factory=Counter)
    slain: Counter[str] = field(default_factory=Counter)
    faces: Counter[int] = field(default_factory=Counter)
    """Face of the die that is cast now -> how often it fell. All dice of a roll count."""
    outcomes: Counter[str] = field(default_factory=Counter)
    not_finite: int = 0
    deaths: int = 0
    gates: Counter[bool] = field(default_factory=Counter)
    last: dict[str, float] = field(default_factory=dict)
    """Metric -> latest value."""
    moments: deque[ev.Event] = field(default_factory=lambda: deque(maxlen=MOMENTS))
    """The last deaths, levels, gates, slain monsters and changed settings."""

    def hear(self, event: ev.Event) -> Self:
        """One event of the story."""
        match event:
            case ev.CampaignBegan():
                self.began, self.turns, self.sides = event, event.length, event.die
            case ev.CampaignEnded():
                self.ended = event
            case ev.GhostSeen():
                self.ghost = event
            case ev.Evaluated():
                self.evaluated = event
            case ev.SettingsChanged():
                self.turns = event.turns
                if outdates_ghost(event):
                    self.ghost = None
            case ev.DiceRolled():
                if event.die != self.sides:
                    self.sides = event.die
                    self.faces.clear()
                self.faces.update(event.naturals)
            case ev.AbilityUsed():
                tally = self.abilities.setdefault(event.ability, AbilityTally())
                tally.uses, tally.triggers = tally.uses + event.live, tally.triggers + (not event.live)
            case ev.TwinJudged():
                tally = self.abilities.setdefault(event.ability, AbilityTally())
                tally.twins, tally.delta = tally.twins + 1, tally.delta + event.delta
            case ev.MonsterAppeared():
                self.met[event.monster] += 1
            case ev.MonsterFell():
                self.slain[event.monster] += 1
            case ev.HeroFell():
                self.deaths = event.sheet.deaths
            case ev.GateFaced():
                self.gates[event.opened] += 1
        again = isinstance(event, ev.MonsterFell) and self.slain[event.monster] > 1  # the table of monsters counts them
        if isinstance(event, ev.MonsterFell | ev.HeroFell | ev.LevelGained | ev.GateFaced | ev.SettingsChanged) and not again:
            self.moments.append(event)
        return self

    def add(self, metrics: TurnMetrics) -> Self:
        """One finished turn."""
        self.turn = metrics.turn
        measured = metrics.numbers.keys() - ({"k/asked"} if "k/felt" not in metrics.numbers else ())  # the two k are compared
        for name in measured & self.curves.keys():
            self.curves[name].add(metrics.turn, metrics.numbers[name])
        self.last |= metrics.numbers
        if not metrics.stepped:
            return self
        asked, felt = metrics.numbers["k/asked"], metrics.numbers.get("k/felt")
        self.steps.measure(asked, felt)
        self.not_finite += not isfinite(metrics.numbers["train/loss"])
        self.outcomes[metrics.outcome] += bool(metrics.outcome)
        for name in (*metrics.abilities, *([metrics.monster] if metrics.monster else [])):
            self.lanes.setdefault(name, Lane()).add(metrics.turn)
        self.foes |= {metrics.monster} - {""}
        for name in metrics.abilities:
            self.abilities.setdefault(name, AbilityTally()).measure(asked, felt)
        return self

    @property
    def judgement(self) -> Judgement | None:
        """What the run was worth beside plain training; None where it was broken off."""
        if self.ended is None:
            return None
        return judge(self.ended, self.evaluated, () if self.ghost is None else self.ghost.points, self.objective)

    @property
    def objective(self) -> Objective:
        """What the evaluations measured."""
        return VALIDATION_LOSS if self.began is None else self.began.objective

    @property
    def counts(self) -> list[int]:
        """How often each face fell, lowest first."""
        return [self.faces[face] for face in range(1, self.sides + 1)]

    @property
    def fairness(self) -> Fairness:
        return fairness(self.counts)
