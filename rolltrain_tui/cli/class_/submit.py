"""`rolltrain class submit`: one file to hand in."""

from pathlib import Path

import click

from rolltrain_tui.cli import options


@click.command(short_help="Write the file that you hand in.")
@click.argument("run", required=False)
@click.argument("file", required=False, type=options.FILE)
@click.option("--assignment", type=options.FILE, metavar="FILE", help="The assignment, if you joined on another computer.")
@click.option("--name", help="Your name, if you joined on another computer.")
@options.RUNS
def submit(run: str | None, file: Path | None, assignment: Path | None, name: str | None, out: Path | None) -> None:
    """Write the story and the campaign of RUN into one FILE of about 0.1 MB; its weights stay here.

    Without RUN it is the newest run of an assignment that was joined here.
    """
    from rolltrain_tui.classroom import assignment as assignments
    from rolltrain_tui.classroom import identity, joined, submission
    from rolltrain_tui.protocol.events import CampaignBegan
    from rolltrain_tui.runs import event_log, layout
    from rolltrain_tui.runs.saves import run_of, saves_root
    from rolltrain_tui.runs.saves.manifest import SaveError

    if (assignment is None) != (name is None):
        raise click.UsageError("--assignment and --name belong together.")
    folder = run_of(options.run_path(run, out)) if run else _newest_joined(saves_root(out))
    try:
        began = next(iter(event_log.read(folder / layout.CHRONICLE)), None)
    except OSError as error:
        raise SaveError(f"the story of {folder} cannot be read: {error.strerror or error}") from None
    if not isinstance(began, CampaignBegan):
        raise SaveError(f"nothing has happened in {folder} yet: play it first")
    if assignment is not None and name is not None:
        asked, called = assignments.read(assignment), identity.cleaned(name)
        known = joined.Joined(asked.id, asked.title, called, identity.seed_of(asked.id, called))
    else:
        found = joined.find(saves_root(out), began.seed)
        if found is None:
            raise click.UsageError(
                f"The run has seed {began.seed}, and nobody joined an assignment with it here. Say which: --assignment FILE --name NAME."
            )
        known = found
    if began.seed != known.seed:
        raise click.UsageError(
            f"The run has seed {began.seed}, and {known.name}'s is {known.seed}: play the campaign that `rolltrain class join` wrote."
        )
    target = file or Path(f"{identity.file_name(known.name)}.submission.zip")
    submission.pack(folder, target, known.assignment, known.name)
    click.echo(target)
    click.echo(f"{known.title}, by {known.name}: {target.stat().st_size:,} bytes. Hand in this file.", err=True)


def _newest_joined(root: Path) -> Path:
    """The run, saved last, whose seed was given to somebody here. UsageError where there is none."""
    from rolltrain_tui.classroom import joined
    from rolltrain_tui.protocol.events import CampaignBegan
    from rolltrain_tui.runs import event_log, layout
    from rolltrain_tui.runs.saves import list_runs

    for run in list_runs(root):
        try:
            began = next(iter(event_log.read(run.folder / layout.CHRONICLE)), None)
        except (OSError, event_log.ChronicleError):
            continue
        if isinstance(began, CampaignBegan) and joined.find(root, began.seed) is not None:
            return run.folder
    raise click.UsageError("No run of an assignment is here. Join one, play its campaign, and name the run: rolltrain class submit RUN.")
