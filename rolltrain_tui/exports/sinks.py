"""Where a ledger can go, entry by entry: a CSV table, TensorBoard events, a W&B run without a network."""

import csv
import sys
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any, Protocol

from rolltrain_tui.base.safe_text import cell, printable
from rolltrain_tui.exports.ledger import METRICS, WORDS, Entry

TABLE = "turns.csv"


class ExportError(ValueError):
    """Something cannot be written, or a library is absent; the message says what to do."""


class Sink(Protocol):
    """Takes a run in, turn by turn."""

    def log(self, entry: Entry) -> None: ...

    def close(self) -> str:
        """All is in; the file or folder where it is."""
        ...

    def drop(self) -> None:
        """It failed half-way: leave nothing half-written behind, as far as this sink can."""
        ...


class TableSink:
    """A row a turn, a column a metric. Unknown is empty; pandas and spreadsheets read it as it is."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / TABLE
        self._part = folder / f".{TABLE}.part"
        self._file = self._part.open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file, lineterminator="\n")
        self._rows.writerow(("turn", *METRICS, *WORDS))

    def log(self, entry: Entry) -> None:
        numbers = (_figure(entry.numbers.get(name)) for name in METRICS)
        self._rows.writerow((entry.turn, *numbers, *map(cell, entry.words.values())))

    def close(self) -> str:
        self._file.close()
        self._part.replace(self._path)
        return printable(self._path)

    def drop(self) -> None:
        self._file.close()
        self._part.unlink(missing_ok=True)


def _figure(value: float | None) -> str:
    """As short as it can be and read back as the same number; nan, inf and -inf as pandas writes them."""
    if value is None:
        return ""
    return repr(int(value)) if isfinite(value) and value == int(value) and abs(value) < 2**53 else repr(float(value))


class TensorBoardSink:
    """Scalars under the metrics' own names; step and time axis are the turn. Written by TensorBoard's own writer, read by it as any run."""

    def __init__(self, folder: Path) -> None:
        try:
            from tensorboard.compat.proto.event_pb2 import Event
            from tensorboard.compat.proto.summary_pb2 import Summary
            from tensorboard.summary.writer.event_file_writer import EventFileWriter
        except ImportError:
            raise ExportError(missing("tensorboard", "TensorBoard events")) from None
        self._folder, self._event, self._summary = folder, Event, Summary
        self._writer = EventFileWriter(str(folder))

    def log(self, entry: Entry) -> None:
        values = [self._summary.Value(tag=tag, simple_value=value) for tag, value in entry.numbers.items()]
        self._writer.add_event(self._event(step=entry.turn, wall_time=float(entry.turn), summary=self._summary(value=values)))

    def close(self) -> str:
        self._writer.close()
        return printable(self._folder)

    def drop(self) -> None:
        self._writer.close()


class WandbSink:
    """A run in W&B's offline form: `wandb sync` sends it, whoever wants to; nothing here asks the network for anything."""

    def __init__(self, folder: Path, config: Mapping[str, Any], name: str) -> None:
        try:
            import wandb
        except ImportError:
            raise ExportError(missing("wandb", "a W&B run")) from None
        # Nothing of this computer goes with it: no console, no code, no git state, no machine statistics.
        quiet = {"console": "off", "silent": True, "x_disable_stats": True, "x_disable_machine_info": True, "x_save_requirements": False}
        settings = wandb.Settings(disable_git=True, disable_code=True, save_code=False, **quiet)
        self._run = wandb.init(mode="offline", dir=str(folder), project="rolltrain", name=name, config=dict(config), settings=settings)
        self._folder = folder

    def log(self, entry: Entry) -> None:
        self._run.log({name: value for name, value in entry.numbers.items() if isfinite(value)}, step=entry.turn)

    def close(self) -> str:
        self._run.finish()
        return printable(self._folder)

    def drop(self) -> None:
        self._run.finish(exit_code=1)


def missing(extra: str, what: str) -> str:
    """An optional library is not there."""
    return f"{extra} is not installed, and {what} cannot be written without it: {sys.executable} -m pip install 'rolltrain-tui[{extra}]'"
