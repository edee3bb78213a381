"""`rolltrain branch`: a new run that leaves another at some turn."""

import shlex
from pathlib import Path

import click

from rolltrain_tui.cli.shared import options
from rolltrain_tui.cli.shared.progress import progress


@click.command()
@click.argument("run")
@click.option("--at", "turn", type=click.IntRange(min=0), required=True, metavar="TURN", help="The last turn that both have in common.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Other settings from there on: optimizer.learning_rate=1e-3")
@options.RUNS
def branch(run: str, turn: int, overrides: tuple[str, ...], out: Path | None) -> None:
    """A new run that has lived RUN's turns up to TURN, with all that was asked in them, and goes its own way from there: what if I had not
    raged at 412, what if the learning rate had been halved? RUN itself stays as it is."""
    path = options.run_path(run, out)
    from rolltrain_tui.runs.branching import branch_at  # loads torch

    with progress(turn, f"Training {path.name} again up to turn {turn}.") as show:
        folder, note = branch_at(path, turn, show, overrides)
    if note:
        click.echo(note, err=True)
    click.echo(folder)
    click.echo(f"Go on with it: rolltrain play {shlex.quote(str(folder))}", err=True)
