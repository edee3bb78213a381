"""`rolltrain verify`: train a recorded run again and compare."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.cli import options
from rolltrain_tui.cli.exit_codes import DONE, FAILED
from rolltrain_tui.cli.progress import progress

if TYPE_CHECKING:
    from rolltrain_tui.runs.reexecution import StartPoint
    from rolltrain_tui.runs.verification import Findings


@click.command(short_help="Train a recorded run again and compare.")
@click.argument("run", metavar="RUN|SAVE")
@click.option("--heavy", is_flag=True, help="Also save, load and compare everything after every turn.")
@click.option("--until", type=click.IntRange(min=0), metavar="TURN", help="Stop after this turn.")
@click.option("--tolerance", type=click.FloatRange(min=0.0, min_open=True), metavar="X", help="Let numbers differ by this much.")
@click.option("--exact", is_flag=True, help="To the last bit, whatever trained it.")
@click.option("--device", metavar="auto|cpu|cuda|mps", help="Where to train it again.")
@options.RUNS
@options.AS_JSON
def verify(
    run: str, heavy: bool, until: int | None, tolerance: float | None, exact: bool, device: str | None, out: Path | None, as_json: bool
) -> int:
    """Train RUN again from its campaign, its seed and its recorded commands (of a SAVE: from there on), and compare dice, story, and the
    weights in its saves. To the last bit where torch, threads and device are those that trained it, else to a tolerance.

    Exit code 0: it is the same. 1: it is not; the first difference is told.
    """
    if exact and tolerance is not None:
        raise click.UsageError("--exact and --tolerance exclude each other.")
    path = options.run_path(run, out)
    findings, elsewhere = examine(path, heavy=heavy, until=until, tolerance=tolerance, exact=exact, device=device)
    click.echo(json.dumps(as_record(findings, elsewhere), indent=2, allow_nan=False) if as_json else report(findings, elsewhere))
    return DONE if findings.difference is None else FAILED


def examine(
    path: Path, *, heavy: bool, until: int | None, tolerance: float | None, exact: bool, device: str | None
) -> "tuple[Findings, str]":
    """Train the run again. The findings, and how this machine differs from the one that trained it, or "". ValueError."""
    from rolltrain_tui.runs import saves
    from rolltrain_tui.runs.reexecution import from_save, from_the_beginning  # loads torch
    from rolltrain_tui.runs.verification import TOLERANCE, Verification

    run = saves.run_of(path)
    start = from_the_beginning(run, device) if path.resolve() == run else from_save(path, device)
    elsewhere = _elsewhere(start)
    if tolerance is None and elsewhere and not exact:
        tolerance = TOLERANCE
    with progress(until or start.campaign.config.turns) as show:
        return Verification(start, tolerance=tolerance, heavy=heavy, until=until, watch=show).run(), elsewhere


def _elsewhere(start: "StartPoint") -> str:
    """What the saves and the first line of the chronicle say of the machine that trained it, where that differs."""
    import torch

    from rolltrain_tui.protocol.events import CampaignBegan
    from rolltrain_tui.runs import event_log, layout
    from rolltrain_tui.runs.saves import slots

    began = next(iter(event_log.read(start.run / layout.CHRONICLE)), None)
    facts = start.campaign.learner.info()
    told = [("device", began.device, facts.device), ("dtype", began.dtype, facts.dtype)] if isinstance(began, CampaignBegan) else []
    manifest = next((manifest for _, manifest in slots.newest_first(start.run) if manifest is not None), None)
    if manifest is not None:
        told += [("torch", manifest.torch, str(torch.__version__)), ("threads", str(manifest.threads), str(facts.threads))]
    return ", ".join(f"{name} {theirs} there, {ours} here" for name, theirs, ours in told if theirs != ours)


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
        lines.append(f"Largest difference between two losses of one turn: {found.largest_loss_difference:.2g}.")
    return "\n".join(lines)
