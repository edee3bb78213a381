"""One cell of the experiment: a campaign played to its end by an auto-player, or plain training for the control arm."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import count
from math import nan
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Self, cast

from rolltrain_tui.base.blame import told
from rolltrain_tui.base.jobs import Died, Executor, Stopped
from rolltrain_tui.base.json_answers import plain
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.experiment.grid import CONTROL, Cell
from rolltrain_tui.experiment.policies import POLICIES, PlayedInbox
from rolltrain_tui.game.baseline import plain_training
from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.game.turn import Progress
from rolltrain_tui.protocol.events import AbilityUsed, CampaignEnded, CommandRefused, Evaluated, MonsterAppeared, MonsterFell, StepTaken
from rolltrain_tui.protocol.learner import Learner
from rolltrain_tui.protocol.objective import Objective

AfterTurn = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of a run. Losses that were not finite are NaN."""

    value: float
    """On the campaign's final probe set."""
    best: float
    """Best of the evaluations during the run."""
    train_loss: float
    """Smoothed."""
    gflop: float
    turns: int
    ending: str
    """What the evaluations measured."""
    objective: Objective
    curve: tuple[tuple[int, float], ...]
    """(turn, value) of each evaluation during the run."""
    level: int = 0
    """This and the next seven belong to the game; 0 for plain training."""
    xp: int = 0
    deaths: int = 0
    uses: int = 0
    """Abilities used by the player."""
    triggers: int = 0
    """Abilities triggered by their passive form."""
    """Refused commands."""
    refused: int = 0
    """Monsters met."""
    monsters: int = 0
    slain: int = 0
    probes: Mapping[str, float] = field(default_factory=dict)
    """Measure -> value of the finished run; see `robustness.MEASURES`. Empty without --probes."""
    along: tuple[tuple[float, Mapping[str, float]], ...] = ()
    """Control arm: (value, measure -> rise of the loss) at each evaluation during the run."""
    sketch: tuple[float, ...] = ()
    """A random projection of the final weights. It keeps distances between runs to about 2 %."""

    def as_json(self) -> dict[str, Any]:
        """JSON values. Numbers that are not finite become null."""
        return dict(plain(asdict(self)))

    @classmethod
    def of_json(cls, found: dict[str, Any]) -> Self:
        """Inverse of as_json; null becomes NaN. TypeError, KeyError, ValueError."""
        found = {_FORMER.get(name, name): value for name, value in found.items()}
        objective = Objective(**found["objective"]) if "objective" in found else Objective(limit=found.pop("floor"))
        curve = tuple((int(turn), _number(loss)) for turn, loss in found["curve"])
        probes = {name: _number(value) for name, value in found.get("probes", {}).items()}
        along = tuple((_number(loss), {name: _number(value) for name, value in rises.items()}) for loss, rises in found.get("along", ()))
        sketch = tuple(map(float, found.get("sketch", ())))
        own = {name: _number(found[name]) for name in _LOSSES}
        return cls(**{**found, **own, "objective": objective, "curve": curve, "probes": probes, "along": along, "sketch": sketch})


_LOSSES = ("value", "best", "train_loss")
_FORMER = {"val_loss": "value", "best_val_loss": "best"}
"""Names in results of an earlier version."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that did not finish."""

    error: str
    """Foreign text: clean it before it is shown."""


Outcome = Result | Failure


def run_side_by_side(cells: Sequence[Cell], execute: Executor, stopped: Stopped) -> Iterator[tuple[Cell, Outcome]]:
    """Yield each cell with its outcome in the order of finishing. Stops early when `stopped` answers True; running cells are then lost."""
    for cell, found in execute(run_cell, cells, stopped):
        yield cell, Failure(found.why) if isinstance(found, Died) else found


def run_cell(cell: Cell) -> Outcome:
    """Play a cell to its end. Every exception becomes a Failure."""
    try:
        from rolltrain_tui.modes import build as build_learner

        config = cell.config()
        learner = build_learner(config, base=Path(cell.base))
        return probed(config, learner, cell) if cell.probes else run(config, learner, cell)
    except Exception as error:
        return Failure(told(error))


def run(config: CampaignConfig, learner: Learner, cell: Cell, after_turn: AfterTurn = lambda: None) -> Outcome:
    """Run the cell's arm with this learner. `after_turn` is called after each turn."""
    return train_plainly(config, learner, after_turn) if cell.arm == CONTROL else play(config, learner, cell, after_turn)


def probed(config: CampaignConfig, learner: Learner, cell: Cell) -> Outcome:
    """The run with its measures. The label-noise measure trains a second learner on noisy labels."""
    from rolltrain_tui.modes import MODES
    from rolltrain_tui.modes import build as build_learner

    probes = resolve_name(MODES[config.kind].probes)

    trail = probes.Trail(learner)
    along: list[tuple[float, Mapping[str, float]]] = []
    turn = count(1)

    def after_turn() -> None:
        trail.mark()
        if next(turn) % config.evaluation.every == 0 and cell.arm == CONTROL:
            along.append(probes.disturbed(learner))

    found = run(config, learner, cell, after_turn)
    if isinstance(found, Failure):
        return found
    noisy = run(config, cast(Learner, probes.NoisyLabels(build_learner(config, base=Path(cell.base)))), cell)
    if isinstance(noisy, Failure):
        return Failure(f"with noisy labels: {noisy.error}")
    answers = trail.probe() | probes.probe(learner) | {"label_noise": noisy.value - found.value}
    return replace(found, probes=answers, along=tuple(along), sketch=probes.sketch(learner))


def play(config: CampaignConfig, learner: Learner, cell: Cell, after_turn: AfterTurn = lambda: None) -> Outcome:
    """The campaign, played by the cell's policy."""
    campaign, inbox = Campaign(config, learner), PlayedInbox(POLICIES[cell.arm.policy](cell.seed))
    counts: Counter[str] = Counter()
    curve: list[tuple[int, float]] = []
    ended: CampaignEnded | None = None
    for event in campaign.play(inbox):
        inbox.see(event)
        match event:
            case StepTaken():
                after_turn()
            case AbilityUsed():
                counts["uses" if event.live else "triggers"] += 1
            case CommandRefused():
                counts["refused"] += 1
            case MonsterAppeared():
                counts["monsters"] += 1
            case MonsterFell():
                counts["slain"] += 1
            case Evaluated():
                curve.append((event.turn, event.value))
            case CampaignEnded():
                ended = event
    if ended is None:
        failure = campaign.failure
        return Failure(told(failure) if failure is not None else "the campaign stopped before its end")
    return Result(
        value=ended.value,
        best=ended.best,
        train_loss=ended.train_loss,
        gflop=ended.gflop,
        turns=ended.turn,
        ending=ended.ending,
        objective=learner.info().objective,
        curve=tuple(curve),
        level=ended.sheet.level,
        xp=ended.sheet.xp,
        deaths=ended.sheet.deaths,
        uses=counts["uses"],
        triggers=counts["triggers"],
        refused=counts["refused"],
        monsters=counts["monsters"],
        slain=counts["slain"],
    )


def train_plainly(config: CampaignConfig, learner: Learner, after_turn: AfterTurn = lambda: None) -> Result:
    """The control arm: the learner steps without the game, and is evaluated as often as in the other arms.

    A campaign with rulebook "off" would not do: there a hero may still fall from bad evaluations, and takes half steps while down.
    """
    progress, curve = Progress(learner.info().objective), list[tuple[int, float]]()
    for event in plain_training(config, learner, progress):
        if isinstance(event, Evaluated):
            curve.append((event.turn, event.value))
        else:
            after_turn()
    final = learner.evaluate(config.evaluation.final_sequences)
    return Result(
        value=final.value,
        best=progress.best if progress.best is not None else nan,
        train_loss=nan if progress.loss.value is None else progress.loss.value,
        gflop=progress.gflop + final.gflop,
        turns=config.turns,
        ending="",
        objective=learner.info().objective,
        curve=tuple(curve),
    )


def _number(loss: float | None) -> float:
    return nan if loss is None else float(loss)
