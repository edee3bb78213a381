"""The verb `rolltrain verify`: does a run do again what it says it did?"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.cli import options
from rolltrain_tui.cli.exit_codes import DONE, FAILED

if TYPE_CHECKING:
    from rolltrain_tui.runs.verification import Findings


@click.command(short_help="Train a recorded run again and compare.")
@click.argument("run", metavar="RUN|SAVE")
@click.option("--heavy", is_flag=True, help="Also save, load and compare everything after every turn.")
@click.option("--until", type=click.IntRange(min=0), metavar="TURN", help="Stop after this turn.")
@click.option("--tolerance", type=click.FloatRange(min=0.0, min_open=True), metavar="X", help="Let numbers differ by this much.")
@click.option("--exact", is_flag=True, help="To the last bit, whatever trained it.")
@click.option("--device", metavar="auto|cpu|cuda|mps", help="Where to train it again.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Folder that holds the runs, instead of the usual one.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def verify(
    run: str, heavy: bool, until: int | None, tolerance: float | None, exact: bool, device: str | None, out: Path | None, as_json: bool
) -> int:
    """Train RUN again from its campaign, its seed and its recorded commands (of a SAVE: from there on), and compare dice, story, and the
    weights in its saves. To the last bit where torch, threads and device are those that trained it, else to a tolerance.

    Exit code 0: it is the same. 1: it is not; the first difference is told.
    """
    if exact and tolerance is not None:
        raise click.UsageError("--exact and --tolerance exclude each other.")
    from rolltrain_tui.runs.saves import saves_root

    path = options.find_save(run, saves_root(out)) or Path(run)
    from rolltrain_tui.cli.witness import examine  # this loads torch

    findings, elsewhere = examine(path, heavy=heavy, until=until, tolerance=tolerance, exact=exact, device=device)
    if as_json:
        click.echo(json.dumps(as_record(findings, elsewhere), indent=2, allow_nan=False))
    else:
        click.echo(report(findings, elsewhere), err=False)
    return DONE if findings.difference is None else FAILED


def as_record(findings: "Findings", elsewhere: str) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(findings), "identical": findings.difference is None and findings.tolerance is None, "elsewhere": elsewhere or None}


def report(findings: "Findings", elsewhere: str) -> str:
    """What was compared, and the first difference."""
    from rolltrain_tui.base.safe_text import flat

    found, lines = findings, []
    how = "to the last bit" if found.tolerance is None else f"to within {found.tolerance:g}"
    if elsewhere:
        lines.append(f"Not where it was trained ({flat(elsewhere)}): numbers are compared {how}, saves are not.")
    held = [f"turns {found.first_turn + 1} to {found.last_turn}", f"{found.events} events", f"{found.rolls} rolls of the dice"]
    held += [f"weights and state of {found.saves} save{'s' if found.saves != 1 else ''}"] if found.tolerance is None else []
    held += [f"{found.reloads} times saved and loaded on the way"] if found.reloads else []
    if (difference := found.difference) is None:
        lines.append(f"✔ The same {how}: {', '.join(held)}.")
    else:
        name = f" {difference.field}" if difference.field else ""
        lines.append(f"✖ Turn {difference.turn}, {difference.where}{flat(name)}: recorded {flat(difference.recorded)},")
        lines.append(f"  this time {flat(difference.found)}.")
        lines.append(f"  The same {how} before that: {', '.join(held)}.")
    if found.tolerance is not None:
        lines.append(f"Largest difference between two losses of one turn: {found.largest_loss_difference:.2g} nats.")
    return "\n".join(lines)
