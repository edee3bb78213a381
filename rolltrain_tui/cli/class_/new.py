"""`rolltrain class new`: an assignment from a campaign."""

from pathlib import Path

import click

from rolltrain_tui.cli.shared import options


@click.command(short_help="Make an assignment of a campaign.")
@click.argument("campaign")
@click.argument("file", type=options.FILE)
@click.option("--free", multiple=True, metavar="PATH", help="What else may differ, such as optimizer.learning_rate; the hero always may.")
@click.option("--fixed-hero", is_flag=True, help="Fix the hero too.")
@click.option("--steps", type=click.IntRange(min=1), help="Turns, instead of the campaign's number.")
@options.SETTINGS
def new(campaign: str, file: Path, free: tuple[str, ...], fixed_hero: bool, steps: int | None, settings: tuple[str, ...]) -> None:
    """Write FILE: CAMPAIGN, what may differ from it, and a random id. Give it to the class."""
    from rolltrain_tui.classroom.assignments import assignment as assignments

    path = options.find_campaign(campaign)
    overrides = options.overrides(path, data=None, steps=steps, seed=None, device=None, settings=settings)
    made = assignments.new(path, overrides, (*(() if fixed_hero else assignments.FREE), *free))
    assignments.write(file, made)
    click.echo(file)
    ghost = "with the recorded plain training" if made.ghost is not None else "without a recording of plain training, so there are no gates"
    click.echo(f"{made.title}, {ghost}. May differ: {', '.join(made.free) or 'nothing'}.", err=True)
    for advice in assignments.advice(made):
        click.echo(advice, err=True)
    click.echo(f"Give it to the class. Each of them: rolltrain class join {options.shell_word(Path(file.name))} --name NAME", err=True)
