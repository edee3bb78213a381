"""Writers of turn metrics: a CSV table, TensorBoard events, a W&B run in its offline form."""

import csv
import shutil
import sys
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Protocol

from rolltrain_tui.base.safe_text import cell, printable
from rolltrain_tui.exports.metrics import METRICS, WORDS, TurnMetrics, published

TABLE = "turns.csv"


class ExportError(ValueError):
    """A file cannot be written or a library is absent. The message says what to do."""


class Writer(Protocol):
    """Writes a run turn by turn. Call `close` at the end, or `drop` after an error."""

    def log(self, metrics: TurnMetrics) -> None: ...

    def close(self) -> str:
        """Finish the file, and answer with its path or folder."""
        ...

    def drop(self) -> None:
        """Remove what was written so far, where this form allows it."""
        ...


class CsvWriter:
    """One row per turn, one column per metric. An unknown value is an empty cell.

    What only this kind of training tells is known from the first step on, so the rows before it wait for the header.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / TABLE
        self._part = folder / f".{TABLE}.part"
        self._file = self._part.open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file, lineterminator="\n")
        self._columns: tuple[str, ...] = ()
        self._waiting: list[TurnMetrics] = []

    def log(self, metrics: TurnMetrics) -> None:
        if self._columns:
            self._write(metrics)
            return
        self._waiting.append(metrics)
        if metrics.stepped:
            self._head(metrics)

    def _head(self, metrics: TurnMetrics) -> None:
        """The header, as these metrics have it, and the rows that waited."""
        self._columns = (*METRICS, *metrics.own)
        self._rows.writerow(("turn", *(published(name, metrics.objective) for name in self._columns), *WORDS))
        for waited in self._waiting:
            self._write(waited)

    def _write(self, metrics: TurnMetrics) -> None:
        numbers = (_figure(metrics.numbers.get(name)) for name in self._columns)
        self._rows.writerow((metrics.turn, *numbers, *map(cell, metrics.words.values())))

    def close(self) -> str:
        if not self._columns and self._waiting:
            self._head(self._waiting[-1])
        self._file.close()
        self._part.replace(self._path)
        return printable(self._path)

    def drop(self) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)


def _figure(value: float | None) -> str:
    """The shortest text that reads back as the same number. NaN and infinities are spelled as in pandas."""
    if value is None:
        return ""
    return repr(int(value)) if isfinite(value) and value == int(value) and abs(value) < 2**53 else repr(float(value))


class TensorBoardWriter:
    """Scalars under the metrics' names. Both step and wall time are the turn, so that equal runs give equal values."""

    def __init__(self, folder: Path) -> None:
        self._event, self._summary, writer = _tensorboard()
        self._folder, self._part = folder, Path(mkdtemp(prefix=".events-", dir=folder))
        self._writer = writer(str(self._part))

    def log(self, metrics: TurnMetrics) -> None:
        values = [self._summary.Value(tag=tag, simple_value=value) for tag, value in metrics.published.items()]
        self._writer.add_event(self._event(step=metrics.turn, wall_time=float(metrics.turn), summary=self._summary(value=values)))

    def close(self) -> str:
        self._writer.close()
        for file in self._part.iterdir():
            file.replace(self._folder / file.name)
        self._part.rmdir()
        return printable(self._folder)

    def drop(self) -> None:
        self._writer.close()
        shutil.rmtree(self._part, ignore_errors=True)


class WandbWriter:
    """A W&B run in its offline form. `wandb sync` can upload it later; this class uses no network."""

    def __init__(self, folder: Path, config: Mapping[str, Any], name: str) -> None:
        wandb = _wandb()
        # No data about this computer is recorded: no console, code, git state or machine statistics.
        quiet = {"console": "off", "silent": True, "x_disable_stats": True, "x_disable_machine_info": True, "x_save_requirements": False}
        settings = wandb.Settings(disable_git=True, disable_code=True, save_code=False, **quiet)
        self._run = wandb.init(mode="offline", dir=str(folder), project="rolltrain", name=name, config=dict(config), settings=settings)
        self._folder = folder

    def log(self, metrics: TurnMetrics) -> None:
        self._run.log({name: value for name, value in metrics.published.items() if isfinite(value)}, step=metrics.turn)

    def close(self) -> str:
        self._run.finish()
        return printable(self._folder)

    def drop(self) -> None:
        self._run.finish(exit_code=1)


def check_installed(*, tensorboard: bool, wandb: bool) -> None:
    """ExportError where a library of the forms that are asked for is absent: known before the first file is written."""
    if tensorboard:
        _tensorboard()
    if wandb:
        _wandb()


def _tensorboard() -> tuple[Any, Any, Any]:
    """TensorBoard's Event, Summary and EventFileWriter."""
    try:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.event_file_writer import EventFileWriter
    except ImportError:
        raise ExportError(missing("tensorboard", "TensorBoard events")) from None
    return Event, Summary, EventFileWriter


def _wandb() -> Any:
    try:
        import wandb
    except ImportError:
        raise ExportError(missing("wandb", "a W&B run")) from None
    return wandb


def missing(extra: str, what: str) -> str:
    """The message for an absent optional library."""
    return f"{extra} is not installed, and {what} cannot be written without it: {sys.executable} -m pip install 'rolltrain-tui[{extra}]'"
