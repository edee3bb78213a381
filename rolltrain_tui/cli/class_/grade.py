"""`rolltrain class grade`: a folder of submissions, trained again, as a table."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.cli.shared import options
from rolltrain_tui.cli.shared.exit_codes import DONE, FAILED


@click.command(short_help="Grade a folder of submissions by training them again.")
@click.argument("folder", type=options.FILE)
@click.option("--assignment", required=True, type=options.FILE, metavar="FILE", help="The assignment that was given to the class.")
@click.option("--csv", "csv_file", type=options.FILE, metavar="OUT", help="Write the table for a spreadsheet.")
@click.option("--html", "html_file", type=options.FILE, metavar="OUT", help="Write the table as one page.")
@options.RUNS
def grade(folder: Path, assignment: Path, csv_file: Path | None, html_file: Path | None, out: Path | None) -> int:
    """Check every file in FOLDER against the assignment, train its run again, and tell one row a student. What is done is kept:
    grading again goes on with what is new. It is not proved who played, and "undecided" is for a person to look at.

    \b
    Exit code 0  every file could be graded, and none is contradicted.
              1  some could not, or are contradicted: the table says why.
              2  no submission, or no assignment.
    """
    from rolltrain_tui.classroom.assignments import assignment as assignments
    from rolltrain_tui.classroom.grading.gradebook import as_csv, as_lines
    from rolltrain_tui.classroom.grading.gradebook_page import as_page
    from rolltrain_tui.classroom.grading.grading import Grader, files_in
    from rolltrain_tui.runs.saves import saves_root

    asked = assignments.read(assignment)
    outputs = [path for path in (csv_file, html_file) if path is not None]
    for path in outputs:
        if not path.absolute().parent.is_dir():
            raise assignments.AssignmentError(f"There is no folder {path.absolute().parent} to write {path.name} in. Make it first.")
    files = files_in(folder, leave=(assignment, *outputs))
    with _progress(len(files)) as watch:
        rows = list(Grader(asked, saves_root(out)).rows(files, watch))
    click.echo("\n".join(as_lines(rows)))
    if csv_file is not None:
        _write(csv_file, as_csv(rows), encoding="utf-8-sig")
    if html_file is not None:
        _write(html_file, as_page(rows, asked))
    return FAILED if any(row.result.outcome in ("refused", "contradicted") for row in rows) else DONE


def _write(path: Path, text: str, encoding: str = "utf-8") -> None:
    try:
        path.write_text(text, encoding=encoding, newline="")
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror or error}. Name another file.") from None


@contextmanager
def _progress(files: int) -> Iterator[Callable[[str, int, int], None]]:
    """A bar of submissions on a terminal; elsewhere one line at the beginning."""
    if not sys.stderr.isatty():
        click.echo(f"Grading {counted(files, 'submission')}: what was not graded before is trained again; the table follows.", err=True)
        yield lambda name, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        BarColumn(bar_width=None),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stderr, markup=False, emoji=False), expand=True) as bar:
        task = bar.add_task("looking", total=files)

        def watch(name: str, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description=name.replace("[", "("))

        yield watch
