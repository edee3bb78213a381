"""`rolltrain class lesson`: a page for the teacher, and the game set up for it."""

import shlex

import click

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.json_answers import json_text
from rolltrain_tui.cli.shared.beside import refuse_beside
from rolltrain_tui.cli.shared.options import AS_JSON


@click.command(short_help="A lesson: question, keys in order, what the class will see.")
@click.argument("name", required=False)
@click.option(
    "--play", "run", type=click.IntRange(min=1), metavar="N", help="Open the game as the lesson wants it; N: its first or second run."
)
@AS_JSON
def lesson(name: str | None, run: int | None, as_json: bool) -> None:
    """The teacher's page of a lesson; without NAME, the list of lessons."""
    from rolltrain_tui.classroom.lessons import LESSONS
    from rolltrain_tui.classroom.lessons import lesson as found

    if name is None:
        if run is not None:
            raise click.UsageError("Name the lesson to play.")
        rows = [{"name": row.name, "minutes": row.minutes, "question": row.question} for row in LESSONS]
        click.echo(json_text(rows) if as_json else _contents())
        return
    chosen = found(name)
    if run is not None:
        refuse_beside("--play", "the game is opened, and no page is told", ("as_json",))
        _play(chosen.begins, run)
        return
    from rolltrain_tui.cli.codex import show_markdown
    from rolltrain_tui.story import codex

    page = codex.page(chosen.page)
    if as_json:
        begins = [shlex.join(["rolltrain", "play", *words]) for words in chosen.begins]
        click.echo(json_text({"name": chosen.name, "minutes": chosen.minutes, "begins": begins, "page": page.text}))
    else:
        show_markdown(page.text)


def _contents() -> str:
    from rolltrain_tui.classroom.lessons import LESSONS

    width = max(len(row.name) for row in LESSONS)
    lines = [f"  {row.name:<{width}}  {row.minutes:>2} min  {row.question}" for row in LESSONS]
    return "\n".join(["Lessons for a room. Read one with: rolltrain class lesson NAME", "", *lines])


def _play(begins: tuple[tuple[str, ...], ...], run: int) -> None:
    if run > len(begins):
        raise click.UsageError(f"This lesson has {counted(len(begins), 'run')}; there is no run {run}.")
    from rolltrain_tui.cli.play import play

    context = click.get_current_context()
    context.exit(play.main([*begins[run - 1]], prog_name="rolltrain play", standalone_mode=False) or 0)
