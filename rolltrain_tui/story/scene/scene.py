"""What a screen shows of a run, as a pure fold of its events: `scene.apply(event)`, one after the other.

A scene reads no clock and no terminal, and its memory is bounded. The log keeps events; the screen words them with `story.narration`.
"""

from collections import Counter, deque
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import singledispatch
from typing import Any, Self

from rolltrain_tui.protocol import events as ev
from rolltrain_tui.protocol.commands import SetAuto, TurnDial
from rolltrain_tui.protocol.objective import VALIDATION_LOSS, Objective
from rolltrain_tui.protocol.readings import Reading
from rolltrain_tui.protocol.sheet import BLANK, Charge, Sheet
from rolltrain_tui.rules.health.signals import measurable
from rolltrain_tui.story.judgement import Judgement, Measured, judge, outdates_ghost
from rolltrain_tui.story.scene.history import History
from rolltrain_tui.story.scene.series import LossSeries
from rolltrain_tui.story.scene.tally import Tally
from rolltrain_tui.story.scene.views import AbilityView, ItemView, MonsterView, Proof, Span, StoryLine, TurnLine, TwinView
from rolltrain_tui.story.sheet import sheet_after
from rolltrain_tui.story.veil import veiled

STORY_LINES, TURN_LINES, SPANS, MILESTONES, REFUSALS = 1000, 1000, 64, 200, 8


@dataclass(slots=True)
class Scene:
    """Everything a screen shows of a run."""

    campaign: str = ""
    turn: int = 0
    """The last turn that is done."""
    turns: int | None = 0
    """How many it will be; None: nobody knows."""
    rulebook: str = ""
    die: int = 20
    dc: int = 0
    objective: Objective = VALIDATION_LOSS
    """What the evaluations measure."""
    sheet: Sheet = BLANK
    """The hero."""
    death_saves: tuple[int, int] | None = None
    """Successes and failures while the hero is dying."""
    inspired: bool = False
    """Inspiration is there to be spent."""
    active: dict[str, AbilityView] = field(default_factory=dict)
    roll: ev.DiceRolled | None = None
    """The last roll. With rolls on micro-batches, a turn has several."""
    roll_outcomes: Counter[ev.Outcome] = field(default_factory=Counter)
    """How many rolls of that turn had each outcome."""
    step: ev.StepTaken | None = None
    previous_loss: float | None = None
    monster: MonsterView | None = None
    last_foe: str = ""
    """How the last encounter ended."""
    losses: LossSeries = field(default_factory=LossSeries)
    spans: deque[Span] = field(default_factory=lambda: deque(maxlen=SPANS))
    evaluation: ev.Evaluated | None = None
    examined: ev.Examined | None = None
    """The last examination of the model."""
    scouts: ev.ScoutsReturned | None = None
    """What the last scouts found."""
    scouted_with: tuple[tuple[str, str], ...] = ()
    """Abilities, with their options, that the hero held when the scouts went out: the scouts walked under them too."""
    scouting: bool = False
    """Scouts are out now."""
    ghost: ev.GhostSeen | None = None
    """The whole curve of plain training, to be drawn beside the run."""
    foretold: ev.Foretold | None = None
    """The player's guess while it waits for its evaluation."""
    bag: dict[str, int] = field(default_factory=dict)
    """Items and how many of each, in the order they were found."""
    items: dict[str, ItemView] = field(default_factory=dict)
    """Used items in force."""
    dials: dict[str, ev.DialTurned] = field(default_factory=dict)
    """Dials of the training that were turned, each the last time."""
    shut: deque[ev.CommandRefused] = field(default_factory=lambda: deque(maxlen=REFUSALS))
    """The last refused orders to turn a dial, or to let an ability act by itself."""
    proof: Proof | None = None
    twin: TwinView | None = None
    """The twin that is walking, or the last one with its verdict."""
    spoke: ev.Spoke | None = None
    gflop: float = 0.0
    """The run's own energy."""
    energy: float | None = None
    """Its limit in GFLOP; None: no limit."""
    twin_gflop: float = 0.0
    """The energy of all finished twins, which `gflop` does not include."""
    scout_gflop: float = 0.0
    """The same of all scouts."""
    saved: ev.Saved | ev.SaveFailed | None = None
    ending: ev.CampaignEnded | None = None
    stopped: bool = False
    failure: str = ""
    """The text of the error that stopped the training. Untrusted: clean it before printing."""
    outcomes: dict[ev.Outcome, int] = field(default_factory=lambda: {"fumble": 0, "miss": 0, "hit": 0, "crit": 0})
    story: deque[StoryLine] = field(default_factory=lambda: deque(maxlen=STORY_LINES))
    turn_lines: deque[TurnLine] = field(default_factory=lambda: deque(maxlen=TURN_LINES))
    history: History = field(default_factory=History)
    """What the full chart shows."""
    tally: Tally = field(default_factory=Tally)
    """What the ending counts."""
    milestones: deque[ev.Event] = field(default_factory=lambda: deque(maxlen=MILESTONES))
    """The events that a summary of the whole run includes."""
    lines: int = 0
    """Number of the next log line."""
    hidden: frozenset[ev.Secret] = frozenset()
    """What is kept back from whoever looks. Events are veiled before they are folded."""

    @classmethod
    def of(cls, events: Iterable[ev.Event], hidden: frozenset[ev.Secret] = frozenset()) -> Self:
        """The scene after these events, without what is hidden."""
        scene = cls(hidden=hidden)
        for event in events:
            scene.apply(event)
        return scene

    def apply(self, event: ev.Event) -> None:
        """Take in the next event. An event that changes nothing on screen changes nothing here."""
        seen = veiled(event, self.hidden)
        if seen is None:
            return
        event = seen
        self.sheet = sheet_after(event, self.sheet)
        fold(event, self)
        self.history.add(event)
        if event.topic is not None and not (isinstance(event, ev.Saved) and event.reason == "autosave"):
            self.story.append(StoryLine(self.lines, event))
            self.lines += 1
        if event.milestone or (isinstance(event, ev.AbilityUsed) and event.live):
            self.milestones.append(event)

    def copy(self) -> "Scene":
        """An independent copy. Events and log lines are immutable, so both scenes share them."""
        scene: Scene = _apart(self)
        return scene

    @property
    def charges(self) -> dict[str, Charge]:
        """The uses of each ability, by its name."""
        return {charge.ability: charge for charge in self.sheet.charges}

    @property
    def finished(self) -> bool:
        """No turn will follow in this session."""
        return self.ending is not None or self.stopped or bool(self.failure)

    @property
    def sick(self) -> tuple[Reading, ...]:
        """The signals that the last examination found outside their bounds, and that count."""
        return () if self.examined is None else self.examined.sick

    @property
    def judgement(self) -> Judgement | None:
        """What the run was worth beside plain training; None while it goes on."""
        if self.ending is None:
            return None
        if not self.hidden.isdisjoint({"ghost", "verdict"}):
            return Judgement("kept", Measured(self.ending.value, self.ending.standard_error))
        return judge(self.ending, self.evaluation, () if self.ghost is None else self.ghost.points, self.objective)

    def turns_left(self, ability: str) -> int | None:
        """Turns left of an ability in force. None: it has no fixed end, or it is not in force."""
        view = self.active.get(ability)
        return None if view is None or view.until is None else max(0, view.until - self.turn)


@singledispatch
def fold(event: ev.Event, scene: Scene) -> None:
    """How an event changes the scene. The functions below are chosen by the type of `event`; an event without one changes nothing."""


@fold.register
def _(event: ev.CampaignBegan, scene: Scene) -> None:
    scene.campaign, scene.turn, scene.turns = event.campaign, event.turn, event.length
    scene.rulebook, scene.die, scene.dc = event.rulebook, event.die, event.dc
    scene.objective, scene.energy = event.objective, event.energy


@fold.register
def _(event: ev.DiceRolled, scene: Scene) -> None:
    if scene.roll is None or scene.roll.turn != event.turn:
        scene.roll_outcomes = Counter()
    scene.roll = event
    scene.roll_outcomes[event.outcome] += 1
    scene.outcomes[event.outcome] += 1
    scene.die, scene.dc = event.die, event.dc


@fold.register
def _(event: ev.StepTaken, scene: Scene) -> None:
    scene.turn = max(scene.turn, event.turn)
    change = None if scene.previous_loss is None or not event.finite else event.loss - scene.previous_loss
    scene.step, scene.gflop = event, event.gflop
    if event.finite:
        scene.previous_loss = event.loss
        scene.losses.add(event.turn, event.loss, event.loss_ema)
    roll = scene.roll if scene.roll is not None and scene.roll.turn == event.turn else None
    scene.turn_lines.append(TurnLine(scene.lines, roll, event, change))
    scene.lines += 1
    if scene.proof is not None and scene.proof.open:
        _prove(scene.proof, event)
    if scene.twin is not None and scene.twin.walking:
        scene.twin.walked += 1
    for name, view in list(scene.active.items()):
        if view.until is not None and view.until <= event.turn:
            _leave_force(scene, name, event.turn)
    for item, used in list(scene.items.items()):
        if used.until <= event.turn:
            del scene.items[item]


def _prove(proof: Proof, step: ev.StepTaken) -> None:
    if not step.finite:
        return
    proof.turns += 1
    proof.levers = tuple(dict.fromkeys((*proof.levers, *step.levers)))
    proof.measured |= dict(step.measured)
    if (felt := step.k_effective) is not None:
        proof.measured_turns += 1
        proof.asked += step.k_requested
        proof.felt += felt
        capped = "norm_cap" in step.levers and abs(felt) <= abs(step.k_requested)  # cut to a length, as it claims
        proof.worst = max(proof.worst, 0.0 if capped else abs(felt - step.k_requested))


@fold.register
def _(event: ev.DialTurned, scene: Scene) -> None:
    scene.dials[event.dial] = event


@fold.register
def _(event: ev.TwinSetOut, scene: Scene) -> None:
    scene.twin = TwinView(event.ability, event.turn, event.turns)


@fold.register
def _(event: ev.TwinJudged, scene: Scene) -> None:
    scene.twin_gflop = event.gflop
    scene.twin = TwinView(event.ability, event.since, event.turns, event.turns, event)
    scene.tally.judged(event)


@fold.register
def _(event: ev.TwinLost, scene: Scene) -> None:
    scene.twin_gflop = event.gflop
    scene.twin = TwinView(event.ability, event.since, event.turns, event.turns, event)


@fold.register
def _(event: ev.KeptBack, scene: Scene) -> None:
    scene.scouting = scene.scouting and event.secret != "diagnosis"
    if event.secret == "verdict" and scene.twin is not None:
        scene.twin.end = event


@fold.register
def _(event: ev.Evaluated, scene: Scene) -> None:
    scene.evaluation = event


@fold.register
def _(event: ev.AbilityUsed, scene: Scene) -> None:
    until = event.turn + event.turns - 1 if event.turns else None
    if event.ability in scene.active:
        _leave_force(scene, event.ability, event.turn)
    scene.active[event.ability] = AbilityView(event.ability, event.option, until)
    scene.spans.append(Span(event.ability, event.turn, None))
    if event.live or scene.proof is None or not scene.proof.live:
        scene.proof = Proof(event.ability, event.option, event.turn, event.k, event.live)


def _leave_force(scene: Scene, ability: str, turn: int) -> None:
    scene.active.pop(ability, None)
    for span in scene.spans:
        if span.ability == ability and span.end is None:
            span.end = max(turn, span.start)
    if scene.proof is not None and scene.proof.ability == ability:
        scene.proof.open = False


@fold.register
def _(event: ev.MonsterAppeared, scene: Scene) -> None:
    scene.monster = MonsterView(event.monster, event.challenge, event.hp, event.hp, event.signal, event.turn)


@fold.register
def _(event: ev.MonsterActed, scene: Scene) -> None:
    if scene.monster is not None:
        scene.monster.last_act = event.effect


@fold.register
def _(event: ev.MonsterStruck, scene: Scene) -> None:
    if scene.monster is not None:
        scene.monster.hp = max(0, event.hp)


@fold.register
def _(event: ev.MonsterFell, scene: Scene) -> None:
    scene.monster, scene.last_foe = None, f"fell in turn {event.turn}, {event.xp} XP"


@fold.register
def _(event: ev.MonsterLeft, scene: Scene) -> None:
    scene.monster, scene.last_foe = None, f"left in turn {event.turn}: {event.reason}"


@fold.register
def _(event: ev.HeroHealed, scene: Scene) -> None:
    if event.hp > 0:
        scene.death_saves = None


@fold.register
def _(event: ev.DeathSaveRolled, scene: Scene) -> None:
    scene.death_saves = (event.successes, event.failures)


@fold.register
def _(event: ev.Rested | ev.HeroFell, scene: Scene) -> None:
    scene.death_saves = None


@fold.register
def _(event: ev.Examined, scene: Scene) -> None:
    scene.examined = replace(event, readings=measurable(event.readings, scene.objective))


@fold.register
def _(event: ev.ScoutsReturned, scene: Scene) -> None:
    scene.scouts, scene.scout_gflop, scene.scouting = event, event.gflop, False
    scene.scouted_with = tuple((view.ability, view.option) for view in scene.active.values() if view.until is None)


@fold.register
def _(event: ev.ScoutsSetOut, scene: Scene) -> None:
    scene.scouting = True


@fold.register
def _(event: ev.GhostSeen, scene: Scene) -> None:
    scene.ghost = event


@fold.register
def _(event: ev.GateFaced, scene: Scene) -> None:
    scene.tally.gates[event.opened] += 1


@fold.register
def _(event: ev.Foretold, scene: Scene) -> None:
    scene.foretold = event


@fold.register
def _(event: ev.ForetellingJudged, scene: Scene) -> None:
    scene.foretold = None
    scene.inspired = scene.inspired or event.inspired


@fold.register
def _(event: ev.InspirationSpent, scene: Scene) -> None:
    scene.inspired = False


@fold.register
def _(event: ev.ItemFound, scene: Scene) -> None:
    scene.bag[event.item] = scene.bag.get(event.item, 0) + 1


@fold.register
def _(event: ev.ItemUsed, scene: Scene) -> None:
    left = scene.bag.get(event.item, 0) - 1
    if left > 0:
        scene.bag[event.item] = left
    else:
        scene.bag.pop(event.item, None)
    if event.turns:
        scene.items[event.item] = ItemView(event.item, event.turn + event.turns - 1)


@fold.register
def _(event: ev.ItemFaded, scene: Scene) -> None:
    scene.items.pop(event.item, None)


@fold.register
def _(event: ev.CommandRefused, scene: Scene) -> None:
    if isinstance(event.command, TurnDial | SetAuto):
        scene.shut.append(event)


@fold.register
def _(event: ev.Spoke, scene: Scene) -> None:
    scene.spoke = event
    scene.tally.first_sample = scene.tally.first_sample or event


@fold.register
def _(event: ev.Saved | ev.SaveFailed, scene: Scene) -> None:
    scene.saved = event


@fold.register
def _(event: ev.CampaignEnded, scene: Scene) -> None:
    scene.ending, scene.gflop = event, event.gflop


@fold.register
def _(event: ev.CampaignResumed, scene: Scene) -> None:
    scene.campaign, scene.stopped, scene.failure = event.campaign, False, ""
    scene.turn = event.turn


@fold.register
def _(event: ev.SettingsChanged, scene: Scene) -> None:
    scene.turns, scene.energy = event.turns, event.energy
    scene.rulebook, scene.die, scene.dc = event.rulebook, event.die, event.dc
    if outdates_ghost(event):
        scene.ghost = None


@fold.register
def _(event: ev.CampaignStopped, scene: Scene) -> None:
    scene.stopped, scene.scouting = True, False


@fold.register
def _(event: ev.TrainingFailed, scene: Scene) -> None:
    scene.failure = event.error


@fold.register
def _(event: ev.AbilityEnded, scene: Scene) -> None:
    _leave_force(scene, event.ability, scene.turn)


def _apart(value: Any) -> Any:
    """A copy of everything mutable."""
    if isinstance(value, History):
        return value.apart()
    if isinstance(value, dict):
        return type(value)({name: _apart(part) for name, part in value.items()})
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
