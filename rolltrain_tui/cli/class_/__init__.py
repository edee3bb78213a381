"""The verbs of a classroom: `rolltrain class lesson` ..."""

import click

from rolltrain_tui.cli.class_ import lesson

VERBS = (lesson.lesson,)


@click.group("class", commands=VERBS, short_help="Lessons and assignments for a room.")
def class_() -> None:
    """What a teacher needs: lessons to hold before a room."""
