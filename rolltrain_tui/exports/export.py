"""One pass over a chronicle, into every sink at once; then the pictures and the report card that its digest gives."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.exports.card import report_card
from rolltrain_tui.exports.digest import Digest
from rolltrain_tui.exports.ledger import Entry, Ledger
from rolltrain_tui.exports.sinks import ExportError, Sink
from rolltrain_tui.protocol.events import Event
from rolltrain_tui.runs import event_log, saves
from rolltrain_tui.runs.saves.layout import CHRONICLE

REPORT = "report.md"


def chronicle_of(path: Path) -> Path:
    """The chronicle of a run, of one of its saves, or the file itself. ExportError, SaveError."""
    if path.is_file():
        return path
    found = saves.run_of(path) / CHRONICLE
    if not found.is_file():
        raise ExportError(f"{printable(path)} has no {CHRONICLE}: nothing was played there yet.")
    return found


@dataclass(slots=True)
class Reading:
    """A run read to its end, or to where its chronicle is damaged."""

    digest: Digest = field(default_factory=Digest)
    damage: str = ""
    """What is wrong with the chronicle from there on."""


def read(path: Path, sinks: Sequence[Sink] = ()) -> Reading:
    """Every turn into every sink. ExportError when no turn can be read. Foreign numbers: memory stays bounded whatever they are."""
    reading, ledger = Reading(), Ledger()
    try:
        for event in event_log.read(path):
            reading.digest.hear(event)
            _pass_on(ledger.take(event), reading.digest, sinks)
    except event_log.ChronicleError as error:
        reading.damage = str(error)
    except OSError as error:
        raise ExportError(f"{printable(path)} cannot be read: {error.strerror}.") from None
    _pass_on(ledger.close(), reading.digest, sinks)
    if not reading.digest.last:
        raise ExportError(reading.damage or f"{printable(path)} tells of no turn.")
    return reading


def digest_of(events: Iterable[Event]) -> Digest:
    """Of events in order."""
    digest, ledger = Digest(), Ledger()
    for event in events:
        digest.hear(event)
        _pass_on(ledger.take(event), digest, ())
    _pass_on(ledger.close(), digest, ())
    return digest


def _pass_on(entry: Entry | None, digest: Digest, sinks: Sequence[Sink]) -> None:
    if entry is not None:
        digest.add(entry)
        for sink in sinks:
            sink.log(entry)


def pages(digest: Digest, folder: Path, *, kinds: Sequence[str], report: bool) -> list[str]:
    """Write the pictures and the card; the files. NoPlotsError when pictures are asked for and cannot be drawn."""
    from rolltrain_tui.exports import figures

    files = figures.draw(digest, kinds) if kinds else {}
    if report:
        shown = [name for name in files if name.endswith(".png")] or list(files)
        files[REPORT] = report_card(digest, shown[:1]).encode()
    for name, content in files.items():
        atomic_files.replace(folder / name, content)
    return [printable(folder / name) for name in files]
