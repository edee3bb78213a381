"""`rolltrain diagnose`: every signal of a saved run, as a table or as one JSON object. The run stays as it is."""

import math
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.base.grammar import fixed, with_minus
from rolltrain_tui.base.json_answers import json_text, plain
from rolltrain_tui.cli.shared import options
from rolltrain_tui.protocol.objective import VALIDATION_LOSS, Objective
from rolltrain_tui.protocol.readings import LayerReading, Reading

if TYPE_CHECKING:
    from rolltrain_tui.protocol.learner import Learner


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """What an examination of a save found."""

    campaign: str
    turn: int
    turns: int
    objective: Objective
    value: float
    standard_error: float
    readings: tuple[Reading, ...]
    """All signals: those of each turn as they were when the run was saved, the others as examined now."""
    uncounted: tuple[str, ...]
    """Signals out of bounds for which the run is too young."""
    layers: tuple[LayerReading, ...]
    gflop: float
    """The cost of this examination."""
    phases: dict[str, float]
    """Milliseconds of a plain turn by its parts, timed on a copy of the run; {} where the mode has no parts."""
    note: str
    """A sentence for the player where the save was damaged, or an empty string."""


TIMED = 40
"""Turns of a copy that are timed: games are played at some of them only."""
BARS = " ▁▂▃▄▅▆▇█"
_VERDICT = {"healthy": "healthy", "sick": "SICK", "unknown": "not known"}


@click.command()
@click.argument("save", metavar="RUN|SAVE")
@options.AS_JSON
@click.option("--device", metavar="auto|cpu|cuda|mps", help="Device to examine it on.")
@options.RUNS
def diagnose(save: str, as_json: bool, device: str | None, out: Path | None) -> None:
    """Examine the model in a save (of a run: the latest) for everything that brings monsters. Nothing in the run is changed."""
    click.echo("Examining the model; the signals follow.", err=True)
    found = check_up(options.run_path(save, out), (f"device.device={device}",) if device else ())
    if found.note:
        click.echo(found.note, err=True)
    click.echo(json_text(as_record(found)) if as_json else report(found))


def check_up(path: Path, overrides: Sequence[str] = ()) -> Checkup:
    """Examine the model of a save folder, or of the latest save of a run. ValueError where there is none that can be opened."""
    from rolltrain_tui.rules.health.signals import measurable
    from rolltrain_tui.runs.open import SavedRun

    saved = SavedRun.read(path)
    config = saved.config(overrides)
    campaign = saved.open(config)
    evaluation = campaign.learner.evaluate(config.evaluation.sequences)
    examination = campaign.learner.examine(evaluation)
    monitor = campaign.game.monitor
    monitor.examined(campaign.turn, examination.values)
    readings = measurable(monitor.readings(), campaign.cycle.info.objective)
    return Checkup(
        campaign=config.name,
        turn=campaign.turn,
        turns=config.turns,
        objective=campaign.cycle.info.objective,
        value=evaluation.value,
        standard_error=evaluation.standard_error,
        readings=readings,
        uncounted=campaign.game.uncounted(campaign.turn, readings),
        layers=examination.layers,
        gflop=evaluation.gflop + examination.gflop,
        phases=phases_of(campaign.learner),
        note=saved.snapshot.note,
    )


def phases_of(learner: "Learner") -> dict[str, float]:
    """Milliseconds of a turn by phase, and of what is left; on a copy."""
    from rolltrain_tui.protocol.effects import NEUTRAL
    from rolltrain_tui.training.levered_learner import LeveredLearner

    if not isinstance(learner, LeveredLearner) or not learner.phases:
        return {}
    copy: LeveredLearner = learner.fork()
    whole = sum(copy.step(NEUTRAL).seconds for _ in range(TIMED))
    found = {phase: 1000 * spent / TIMED for phase, spent in copy.seconds.items() if spent}
    return found | {"the rest": 1000 * whole / TIMED - sum(found.values())}


def as_record(found: Checkup) -> dict[str, Any]:
    """JSON values; a number that is not known is null."""
    from rolltrain_tui.rules.health.signals import SIGNALS

    readings = [
        {
            **asdict(reading),
            "condition": reading.condition,
            "unit": SIGNALS[reading.signal].unit_of(found.objective),
            "advice": SIGNALS[reading.signal].advice,
        }
        for reading in found.readings
    ]
    whole = {name: value for name, value in asdict(found).items() if name not in ("readings", "layers")}
    record: dict[str, Any] = plain({**whole, "readings": readings, "layers": [asdict(layer) for layer in found.layers]})
    return record


def report(found: Checkup) -> str:
    """The signals, what to do about the sick ones, and the layers, as text."""
    from rolltrain_tui.base.safe_text import flat
    from rolltrain_tui.story.phrases import plus_minus

    value = f"{fixed(found.value)}{plus_minus(found.standard_error)}"
    head = f"{flat(found.campaign)}, turn {found.turn} of {found.turns}: {found.objective.name} {value}"
    lines = [head, *table_lines(found.readings, found.layers, found.objective, found.uncounted)]
    if found.phases:
        parts = ", ".join(f"{phase} {spent:.2f}" for phase, spent in found.phases.items())
        lines += ["", f"A plain turn took {sum(found.phases.values()):.2f} ms in the mean of {TIMED}, on a copy: {parts}."]
    return "\n".join(lines)


def table_lines(
    readings: Sequence[Reading],
    layers: Sequence[LayerReading],
    objective: Objective = VALIDATION_LOSS,
    uncounted: Collection[str] = (),
) -> list[str]:
    """Text tables of signals and layers, with advice for each sick signal between them. `uncounted`: the run is too young for these."""
    from rolltrain_tui.rules.health.signals import SIGNALS

    lines = ["", f"{'signal':<20}{'value':>16}  {'healthy':<19} verdict"]
    lines += [_signal_line(reading, objective, counts=reading.signal not in uncounted) for reading in readings]
    sick = [SIGNALS[reading.signal] for reading in readings if reading.condition == "sick" and reading.signal not in uncounted]
    comfort = "The run is young: what is out of its range does not count yet." if uncounted else "Nothing is out of order."
    lines += [""] + ([f"{signal.title} ({signal.meaning}): {signal.advice}." for signal in sick] or [comfort])
    lines += ["", f"{'layer':<19}{'weights':>8}{'|w|':>9}{'|gradient|':>11}{'update/w':>9}{'dead':>6}  log10|g| -9 to 1"]
    return lines + [_layer_line(layer) for layer in layers]


def _signal_line(reading: Reading, objective: Objective, *, counts: bool) -> str:
    from rolltrain_tui.rules.health.signals import SIGNALS

    signal = SIGNALS[reading.signal]
    value = f"{_number(reading.value)} {signal.unit_of(objective)}".rstrip()
    return (
        f"{signal.title:<20}{value:>16}  {_range(reading.low, reading.high):<19} {_VERDICT[reading.condition] if counts else 'too young'}"
    )


def _layer_line(layer: LayerReading) -> str:
    numbers = f"{_number(layer.weight_norm):>9}{_number(layer.gradient_norm):>11}{_number(layer.update_ratio):>9}"
    dead = "" if math.isnan(layer.dead) else f"{layer.dead:.0%}"
    return f"{layer.name:<19}{layer.weights:>8}{numbers}{dead:>6}  |{histogram(layer.histogram)}|"


def histogram(counts: tuple[int, ...]) -> str:
    """A bar for each bin, as high as its share of the fullest one. A bin that is not empty has at least the lowest bar."""
    most = max(counts, default=0)
    return "".join(BARS[math.ceil(count / most * (len(BARS) - 1))] if count else BARS[0] for count in counts)


def _range(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{_number(low)} to {_number(high)}"
    if low is not None:
        return f"{_number(low)} or more"
    return f"{_number(high)} or less" if high is not None else "anything"


def _number(value: float) -> str:
    """Three significant digits; "-" where the value is not known."""
    return "-" if math.isnan(value) else with_minus(f"{value:.3g}")
