"""`rolltrain verify`: train a recorded run again and compare."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.json_answers import json_text
from rolltrain_tui.cli.shared import options
from rolltrain_tui.cli.shared.exit_codes import DONE, FAILED
from rolltrain_tui.cli.shared.progress import progress

if TYPE_CHECKING:
    from rolltrain_tui.runs.verification.verification import Findings, Verdict
    from rolltrain_tui.runs.verification.whereabouts import Whereabouts

CONSISTENT, UNDECIDED = 3, 4
CODES: "dict[Verdict, int]" = {"exact": DONE, "consistent": CONSISTENT, "undecided": UNDECIDED, "contradicted": FAILED}


@click.command()
@click.argument("run", metavar="RUN|SAVE")
@click.option("--heavy", is_flag=True, help="Also save, load and compare everything after every turn.")
@click.option("--until", type=click.IntRange(min=1), metavar="TURN", help="Stop after this turn.")
@click.option("--tolerance", type=click.FloatRange(min=0.0, min_open=True), metavar="X", help="Let numbers differ by this much.")
@click.option("--exact", is_flag=True, help="Compare to the last bit, whatever machine trained it.")
@click.option("--device", metavar="auto|cpu|cuda|mps", help="Device to train it on again.")
@options.RUNS
@options.AS_JSON
def verify(
    run: str, heavy: bool, until: int | None, tolerance: float | None, exact: bool, device: str | None, out: Path | None, as_json: bool
) -> int:
    """Train RUN again from its campaign, its seed and its recorded commands (of a SAVE: from there on), and compare dice, story, and the
    weights in its saves. To the last bit on the kind of machine that trained it, else to the tolerance that its campaign states.

    \b
    Exit code 0  exact: the same to the last bit.
              1  contradicted: it did not happen so. The first difference is told.
              3  consistent: another kind of machine, and all is the same but for rounding.
              4  undecided: another kind of machine, and it drifted apart, as rounding can. A person has to look.
    """
    if exact and tolerance is not None:
        raise click.UsageError("--exact and --tolerance exclude each other.")
    path = options.run_path(run, out)
    findings, where = examine(path, heavy=heavy, until=until, tolerance=tolerance, exact=exact, device=device)
    click.echo(json_text(as_record(findings, where)) if as_json else report(findings, where))
    return CODES[findings.verdict]


def examine(
    path: Path, *, heavy: bool, until: int | None, tolerance: float | None, exact: bool, device: str | None
) -> "tuple[Findings, Whereabouts]":
    """Train the run again. The findings, and how this machine differs from the one that trained it. ValueError, UsageError."""
    from rolltrain_tui.runs import saves
    from rolltrain_tui.runs.verification import reexecution
    from rolltrain_tui.runs.verification.reexecution import from_save, from_the_beginning  # loads torch
    from rolltrain_tui.runs.verification.verification import Verification
    from rolltrain_tui.runs.verification.whereabouts import whereabouts

    run = saves.run_of(path)
    start = from_the_beginning(run, device) if path.resolve() == run else from_save(path, device)
    if until is not None:
        begun = start.campaign.turn
        last = max((event.turn for event in reexecution.recorded(start)), default=begun)
        if not begun < until <= last:
            told = f"the turns to compare are {begun + 1} to {last}" if last > begun else f"there is no turn after {begun} to compare"
            raise click.UsageError(f"--until {until}: {told}.")
    where = whereabouts(start)
    strict = exact or (where.same_kind and tolerance is None)
    if tolerance is None and not strict:
        tolerance = start.campaign.config.verification.tolerance
    with progress(until or start.campaign.config.turns, f"Training {run} again; the verdict follows.") as show:
        return Verification(start, strict=strict, tolerance=tolerance, heavy=heavy, until=until, watch=show).run(), where


def as_record(findings: "Findings", where: "Whereabouts") -> dict[str, Any]:
    from dataclasses import asdict

    identical = findings.verdict == "exact"
    return {**asdict(findings), "identical": identical, "elsewhere": where.differences or None, "machine_told": where.told}


def report(findings: "Findings", where: "Whereabouts") -> str:
    """The verdict in a sentence, the difference that decided it, and what was compared."""
    from rolltrain_tui.base.safe_text import flat
    from rolltrain_tui.runs.verification.verification import SENTENCES

    found, lines = findings, []
    if where.differences:
        lines.append(f"Not where it was trained ({flat(where.differences)}).")
    elif not where.told:
        lines.append("This run was recorded before runs told their kind of machine: it may have been another one.")
    lines.append(f"{SENTENCES[found.verdict]}")
    if (difference := found.difference) is not None:
        name = f" {difference.field}" if difference.field else ""
        lines.append(f"  Turn {difference.turn}, {difference.where}{flat(name)}: recorded {flat(difference.recorded)},")
        lines.append(f"  this time {flat(difference.found)}.")
    first, last = found.first_turn + 1, found.last_turn
    held = ["no whole turn" if last < first else f"turn {last}" if last == first else f"turns {first} to {last}"]
    held += [counted(found.events, "event"), f"{counted(found.rolls, 'roll')} of the dice"]
    held += [f"weights and state of {counted(found.saves, 'save')}"] if found.saves else []
    held += [f"{counted(found.reloads, 'time')} saved and loaded on the way"] if found.reloads else []
    lines.append(f"  Compared: {', '.join(held)}.")
    if found.verdict in ("consistent", "undecided"):
        allowed = "none is known for this campaign" if found.tolerance is None else f"{found.tolerance:g}"
        widest = f"Widest gap between two numbers: {found.largest_gap:.2g} (tolerance: {allowed}); "
        lines.append(f"  {widest}between two losses of one turn: {found.largest_loss_difference:.2g}.")
    return "\n".join(lines)
