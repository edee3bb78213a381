"""The verb `rolltrain diagnose`: what ails a saved run, as a table or as one JSON object."""

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.cli import options

if TYPE_CHECKING:
    from rolltrain_tui.cli.checkup import Checkup
    from rolltrain_tui.protocol.readings import LayerReading, Reading

BARS = " ▁▂▃▄▅▆▇█"
_VERDICT = {"healthy": "healthy", "sick": "SICK", "unknown": "not known"}


@click.command(short_help="What ails a saved run.")
@click.argument("save", metavar="RUN|SAVE")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--device", metavar="auto|cpu|cuda|mps", help="Where to look it over.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Folder that holds the runs, instead of the usual one.")
def diagnose(save: str, as_json: bool, device: str | None, out: Path | None) -> None:
    """Examine the model in a save (of a run: the latest) for everything that brings monsters. Nothing in the run is changed."""
    from rolltrain_tui.runs.saves import saves_root

    path = options.find_save(save, saves_root(out)) or Path(save)
    from rolltrain_tui.cli.checkup import check_up  # this loads torch

    found = check_up(path, (f"device.device={device}",) if device else ())
    if found.note:
        click.echo(found.note, err=True)
    click.echo(json.dumps(as_record(found), indent=2, allow_nan=False) if as_json else report(found))


def as_record(found: "Checkup") -> dict[str, Any]:
    """JSON values; a number that is not known is null."""
    from dataclasses import asdict

    from rolltrain_tui.rules.signals import SIGNALS

    readings = [
        {**asdict(reading), "condition": reading.condition, "unit": SIGNALS[reading.signal].unit, "advice": SIGNALS[reading.signal].advice}
        for reading in found.readings
    ]
    whole = {name: value for name, value in asdict(found).items() if name not in ("readings", "layers")}
    record: dict[str, Any] = _plain({**whole, "readings": readings, "layers": [asdict(layer) for layer in found.layers]})
    return record


def report(found: "Checkup") -> str:
    """For people: the signals, what to do about the sick ones, and the layers."""
    from rolltrain_tui.base.safe_text import flat
    from rolltrain_tui.rules.signals import SIGNALS

    lines = [
        f"{flat(found.campaign)}, turn {found.turn} of {found.turns}: validation loss {found.val_loss:.3f} ± {found.standard_error:.3f}",
        "",
        f"{'signal':<20}{'value':>16}  {'healthy':<19} verdict",
    ]
    lines += [_signal_line(reading) for reading in found.readings]
    sick = [SIGNALS[reading.signal] for reading in found.readings if reading.condition == "sick"]
    lines += [""] + ([f"{signal.title} ({signal.meaning}): {signal.advice}." for signal in sick] or ["Nothing is out of order."])
    lines += ["", f"{'layer':<19}{'weights':>8}{'|w|':>9}{'|gradient|':>11}{'update/w':>9}{'dead':>6}  log10|g| -9 to 1"]
    lines += [_layer_line(layer) for layer in found.layers]
    return "\n".join(lines)


def _signal_line(reading: "Reading") -> str:
    from rolltrain_tui.rules.signals import SIGNALS

    signal = SIGNALS[reading.signal]
    value = f"{_number(reading.value)} {signal.unit}".rstrip()
    return f"{signal.title:<20}{value:>16}  {_range(reading.low, reading.high):<19} {_VERDICT[reading.condition]}"


def _layer_line(layer: "LayerReading") -> str:
    numbers = f"{_number(layer.weight_norm):>9}{_number(layer.gradient_norm):>11}{_number(layer.update_ratio):>9}"
    dead = "" if math.isnan(layer.dead) else f"{layer.dead:.0%}"
    return f"{layer.name:<19}{layer.weights:>8}{numbers}{dead:>6}  |{histogram(layer.histogram)}|"


def histogram(counts: tuple[int, ...]) -> str:
    """A bar for each bin, as high as its part of the fullest one; a bin that is not empty shows."""
    most = max(counts, default=0)
    return "".join(BARS[math.ceil(count / most * (len(BARS) - 1))] if count else BARS[0] for count in counts)


def _range(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{_number(low)} to {_number(high)}"
    if low is not None:
        return f"{_number(low)} or more"
    return f"{_number(high)} or less" if high is not None else "anything"


def _number(value: float) -> str:
    """Three digits that count; "-" for what is not known."""
    return "-" if math.isnan(value) else f"{value:.3g}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
