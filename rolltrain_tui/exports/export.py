"""One pass over a chronicle feeds all writers and the summary. The pictures and the report card are made from the summary."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.exports.card import report_card
from rolltrain_tui.exports.metrics import MetricRecorder, TurnMetrics
from rolltrain_tui.exports.summary import RunSummary
from rolltrain_tui.exports.writers import ExportError, Writer
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.layout import CHRONICLE
from rolltrain_tui.runs.log import event_log

REPORT = "report.md"


def chronicle_of(path: Path) -> Path:
    """Path of the chronicle of a run or of a save; a file is taken as a chronicle itself. ExportError, SaveError."""
    if path.is_file():
        return path
    found = saves.run_of(path) / CHRONICLE
    if not found.is_file():
        raise ExportError(f"{printable(path)} has no {CHRONICLE}: nothing was played there yet.")
    return found


@dataclass(slots=True)
class Reading:
    """A run read to its end, or to the first damaged line."""

    summary: RunSummary = field(default_factory=RunSummary)
    damage: str = ""
    """What is wrong with the chronicle after that; empty when nothing is."""


def read(path: Path, writers: Sequence[Writer] = ()) -> Reading:
    """Pass every turn to every writer. ExportError when no turn can be read."""
    reading, recorder = Reading(), MetricRecorder()
    try:
        for event in event_log.read(path):
            reading.summary.hear(event)
            _pass_on(recorder.take(event), reading.summary, writers)
    except event_log.ChronicleError as error:
        reading.damage = str(error)
    except OSError as error:
        raise ExportError(f"{printable(path)} cannot be read: {error.strerror}.") from None
    _pass_on(recorder.close(), reading.summary, writers)
    if not reading.summary.last:
        raise ExportError(reading.damage or f"{printable(path)} tells of no turn.")
    return reading


def write_all(chronicle: Path, folder: Path) -> tuple[list[str], str]:
    """Table, picture and report card of a run: the names of the files, and why there is no picture, or "". ExportError, OSError."""
    from rolltrain_tui.base.plotting import NoPlotsError
    from rolltrain_tui.exports.writers import CsvWriter

    folder.mkdir(exist_ok=True)
    writer = CsvWriter(folder)
    try:
        reading = read(chronicle, [writer])
        written = [writer.close()]
    except BaseException:
        writer.drop()
        raise
    note = ""
    try:
        written += pages(reading.summary, folder, kinds=("png",), report=True)
    except NoPlotsError as error:
        written, note = written + pages(reading.summary, folder, kinds=(), report=True), str(error)
    return [Path(name).name for name in written], note


def _pass_on(metrics: TurnMetrics | None, summary: RunSummary, writers: Sequence[Writer]) -> None:
    if metrics is not None:
        summary.add(metrics)
        for writer in writers:
            writer.log(metrics)


def pages(summary: RunSummary, folder: Path, *, kinds: Sequence[str], report: bool) -> list[str]:
    """Write the pictures and the card, and list the files. NoPlotsError when pictures are asked for and matplotlib is absent."""
    from rolltrain_tui.exports import figures

    files = figures.draw(summary, kinds) if kinds else {}
    if report:
        shown = [name for name in files if name.endswith(".png")] or list(files)
        files[REPORT] = report_card(summary, shown[:1]).encode()
    for name, content in files.items():
        atomic_files.replace(folder / name, content)
    return [printable(folder / name) for name in files]
