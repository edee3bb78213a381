"""`rolltrain class submit`: one file to hand in."""

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.cli.shared import options

if TYPE_CHECKING:
    from rolltrain_tui.classroom.assignments.assignment import Assignment
    from rolltrain_tui.classroom.assignments.joined import Joined
    from rolltrain_tui.classroom.grading.record import Record


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
    from rolltrain_tui.classroom.assignments import assignment as assignments
    from rolltrain_tui.classroom.assignments import identity, joined, submission
    from rolltrain_tui.runs import layout
    from rolltrain_tui.runs.saves import run_of, saves_root

    if (assignment is None) != (name is None):
        raise click.UsageError("--assignment and --name belong together.")
    root = saves_root(out)
    folder = run_of(options.run_path(run, out)) if run else _newest_joined(root)
    record = _record(folder)
    assert record.began is not None
    seed, played = record.began.seed, printable(record.began.campaign)
    if assignment is not None and name is not None:
        given, called = assignments.read(assignment), identity.cleaned(name)
        asked: Assignment | None = given
        known = joined.Joined(given.id, given.title, called, identity.seed_of(given.id, called))
    else:
        found = joined.find(root, seed)
        if found is None:
            raise click.UsageError(
                f"The run is one of '{played}' with seed {seed}, and nobody joined an assignment with it here{_joined_here(root)}. "
                "Play the campaign that `rolltrain class join` wrote, or say whose run it is: --assignment FILE --name NAME."
            )
        asked, known = joined.assignment_of(root, found), found
    if seed != known.seed:
        raise click.UsageError(
            f"The run is one of '{played}' with seed {seed}, and {known.name} joined '{known.title}' with seed {known.seed}: "
            "play the campaign that `rolltrain class join` wrote."
        )
    if asked is not None:
        _check(asked, record, folder / layout.CAMPAIGN, known)
    target = file or Path(f"{identity.file_name(known.name)}.submission.zip")
    if os.path.lexists(target):
        raise assignments.AssignmentError(
            f"{target} is there already, so it is left alone. Name another file: rolltrain class submit {shlex.quote(str(folder))} FILE"
        )
    submission.pack(folder, target, known.assignment, known.name)
    click.echo(target)
    click.echo(f"{known.title}, by {known.name}: {target.stat().st_size:,} bytes. Hand in this file.", err=True)
    if name is not None and (told := identity.otherwise(name)):
        click.echo(told, err=True)
    if record.ended is None:
        again = f"rolltrain play {shlex.quote(str(folder))}"
        click.echo(
            f"It is not finished: turn {record.turn} of {record.turns}. To hand in more, play on and submit again: {again}", err=True
        )


def _record(folder: Path) -> "Record":
    """The story of a run, read whole, as whoever grades it will. SaveError."""
    from rolltrain_tui.classroom.grading.record import Record
    from rolltrain_tui.runs import layout
    from rolltrain_tui.runs.log.event_log import ChronicleError
    from rolltrain_tui.runs.saves.manifest import SaveError

    try:
        record = Record.of(folder / layout.CHRONICLE)
    except OSError as error:
        raise SaveError(f"the story of {folder} cannot be read: {error.strerror or error}") from None
    except ChronicleError as error:
        raise SaveError(f"{folder / str(error)}. Such a story cannot be graded: hand in another run") from None
    if record.began is None:
        raise SaveError(f"nothing has happened in {folder} yet: play it first")
    return record


def _joined_here(root: Path) -> str:
    """Half a sentence that names the assignments that were joined on this computer; "" where there are none."""
    from rolltrain_tui.classroom.assignments import joined

    found = [f"{one.name} joined '{one.title}' with seed {one.seed}" for one in joined.everyone(root)]
    return f" ({'; '.join(found[:3])}{'; and others' if len(found) > 3 else ''})" if found else ""


def _check(asked: "Assignment", record: "Record", campaign: Path, known: "Joined") -> None:
    """AssignmentError for a run that would be refused."""
    from rolltrain_tui.classroom.assignments.assignment import AssignmentError
    from rolltrain_tui.classroom.grading.conformity import NotTheAssignment, check_record, conforming

    played = "" if record.began is None else printable(record.began.campaign)
    try:
        conforming(asked, campaign.read_text(encoding="utf-8", errors="replace"), known.seed)
        check_record(asked, record)
    except OSError as error:
        raise AssignmentError(f"{campaign} cannot be read: {error.strerror or error}. Hand in another run.") from None
    except NotTheAssignment as error:
        raise AssignmentError(
            f"This run of '{played}' would be refused for '{known.title}', which {known.name} joined. {error} "
            "Play the campaign that `rolltrain class join` wrote as it is, and hand in that run."
        ) from None


def _newest_joined(root: Path) -> Path:
    """The run, saved last, whose seed was given to somebody here. UsageError where there is none."""
    from rolltrain_tui.classroom.assignments import joined
    from rolltrain_tui.protocol.events import CampaignBegan
    from rolltrain_tui.runs import layout
    from rolltrain_tui.runs.log import event_log
    from rolltrain_tui.runs.saves import list_runs

    for run in list_runs(root):
        try:
            began = next(iter(event_log.read(run.folder / layout.CHRONICLE)), None)
        except (OSError, event_log.ChronicleError):
            continue
        if isinstance(began, CampaignBegan) and joined.find(root, began.seed) is not None:
            return run.folder
    raise click.UsageError(
        f"No run of an assignment is here{_joined_here(root)}. "
        "Join one, play the campaign that `rolltrain class join` wrote, and name the run: rolltrain class submit RUN."
    )
