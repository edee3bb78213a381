"""The table of a class: one row a student, its columns, and the table as CSV for a spreadsheet."""

import csv
import io
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from rolltrain_tui.base.grammar import minus
from rolltrain_tui.base.safe_text import cell, flat
from rolltrain_tui.classroom.grading.result import Outcome, Result
from rolltrain_tui.story.phrases import plus_minus

MARKS: Mapping[Outcome, str] = {"exact": "✔", "consistent": "✔", "undecided": "?", "contradicted": "✖", "refused": "·"}


@dataclass(frozen=True, slots=True)
class Row:
    """One student, or a file that tells no name."""

    name: str
    result: Result
    received: float
    """Unix time in seconds at which the file was written here."""
    file: str
    alike: str = ""
    """What looks like another submission; a person has to look."""
    note: str = ""
    nameless: bool = False
    """`name` is the file's."""


COLUMNS: Mapping[str, Callable[[Row], str]] = {
    "name": lambda row: "" if row.nameless else row.name,
    "verdict": lambda row: row.result.outcome,
    "why": lambda row: row.result.reason,
    "measures": lambda row: row.result.label,
    "value": lambda row: number(row.result.value),
    "standard error": lambda row: error_behind(row.result, ""),
    "plain training": lambda row: number(row.result.ghost),
    "against plain": lambda row: against(row.result),
    "turns": lambda row: str(row.result.turn),
    "of turns": lambda row: str(row.result.turns),
    "orders given": lambda row: str(row.result.given),
    "orders refused": lambda row: str(row.result.refused),
    "predictions right": lambda row: str(row.result.right),
    "predictions made": lambda row: str(row.result.made),
    "twins: helped": lambda row: str(row.result.helped),
    "twins: hurt": lambda row: str(row.result.hurt),
    "twins: unclear": lambda row: str(row.result.unclear),
    "hero": lambda row: row.result.hero,
    "alike": lambda row: row.alike,
    "note": lambda row: row.note,
    "received (UTC)": lambda row: moment(row.received),
    "trained on": lambda row: row.result.machine,
    "file": lambda row: row.file,
}


def number(value: float | None) -> str:
    """Four decimals; empty where there is none."""
    if value is None:
        return ""
    return f"{value:.4f}" if math.isfinite(value) else str(value)


def with_error(result: Result) -> str:
    """The value and its standard error; empty where there is no value."""
    if result.value is None:
        return ""
    return number(result.value) + error_behind(result, " ± ")


def error_behind(result: Result, sign: str) -> str:
    """The standard error of the value behind this sign; empty where it is unknown, as that of a single example is."""
    return plus_minus(result.standard_error, 4, sign) if result.standard_error is not None else ""


def against(result: Result) -> str:
    """The value minus plain training's, with its sign."""
    if result.value is None or result.ghost is None or not (math.isfinite(result.value) and math.isfinite(result.ghost)):
        return ""
    return f"{result.value - result.ghost:+.4f}"


def moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


def as_csv(rows: Sequence[Row]) -> str:
    """The table, safe to open in a spreadsheet: no cell of a stranger's is a formula. A signed number of ours stays a number.

    It is for a file in UTF-8 with a byte order mark (`utf-8-sig`), without which Excel reads another encoding.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([told if name == "against plain" else cell(flat(told)) for name, value in COLUMNS.items() for told in [value(row)]])
    return out.getvalue()


def as_lines(rows: Sequence[Row]) -> list[str]:
    """The table for a terminal: a line each, and lines below it that say why."""
    width = max((cell_len(flat(row.name)) for row in rows), default=0)
    lines = []
    for row in rows:
        result = row.result
        name = set_cell_size(flat(row.name), width)
        numbers = minus(f"{with_error(result):<17}  {against(result)}")
        lines.append(f"{MARKS[result.outcome]} {name}  {result.outcome:<12}  {numbers}".rstrip())
        reason = "" if result.outcome in ("exact", "consistent") else result.reason
        short = f"It stops after turn {result.turn} of {result.turns}." if result.turn < result.turns else ""
        lines += [f"    {flat(words)}" for words in (reason, short, row.alike and f"Alike: {row.alike}", row.note) if words]
    return lines
