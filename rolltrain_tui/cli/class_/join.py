"""`rolltrain class join`: the campaign of one student."""

from pathlib import Path

import click

from rolltrain_tui.base.atomic_files import refusal
from rolltrain_tui.cli.shared import options


@click.command(short_help="Join an assignment: get a campaign with dice of your own.")
@click.argument("file", type=options.FILE)
@click.option("--name", required=True, help="Your name, as it shall stand in the table.")
@click.option("--to", type=options.FILE, metavar="DIR", help="Folder for the campaign, instead of this one.")
@options.RUNS
def join(file: Path, name: str, to: Path | None, out: Path | None) -> None:
    """Write the campaign of the assignment in FILE with a seed that belongs to NAME. Play it, then hand it in."""
    from rolltrain_tui.classroom.assignments import assignment as assignments
    from rolltrain_tui.classroom.assignments import identity, joined
    from rolltrain_tui.modes import campaign_file
    from rolltrain_tui.runs.saves import saves_root
    from rolltrain_tui.runs.saves.store import plain_name

    asked, called = assignments.read(file), identity.cleaned(name)
    asked.check_texts()
    seed = identity.seed_of(asked.id, called)
    config = campaign_file.load_text(asked.campaign, str(file), [f"seed={seed}"])
    folder, stem = to or Path(), f"{plain_name(config.name, 'campaign')}-{identity.file_name(called)}"
    text = f"# {config.name}, for {called}. Change what may differ: {', '.join(asked.free) or 'nothing'}.\n{campaign_file.dump(config)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = asked.lay_out(folder, text, stem)
        joined.remember(saves_root(out), joined.Joined(asked.id, config.name, called, seed), asked)
    except FileExistsError:
        raise assignments.AssignmentError(
            f"{folder / stem}.yaml is there already: you have joined. Play it: rolltrain play {options.shell_word(folder / f'{stem}.yaml')}"
        ) from None
    except OSError as error:
        raise assignments.AssignmentError(f"The campaign cannot be written in {folder}: {refusal(error)}.") from None
    click.echo(path)
    click.echo(f"Welcome, {called}. Your dice are your own: seed {seed}.", err=True)
    if told := identity.otherwise(name):
        click.echo(told, err=True)
    click.echo(f"Play it:    rolltrain play {options.shell_word(path)}", err=True)
    click.echo("Hand it in: rolltrain class submit", err=True)
