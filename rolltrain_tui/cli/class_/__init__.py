"""The verbs of a classroom: `rolltrain class lesson`, `new`, `join`, `submit`, `grade`."""

import click

from rolltrain_tui.cli.class_.grade import grade
from rolltrain_tui.cli.class_.join import join
from rolltrain_tui.cli.class_.lesson import lesson
from rolltrain_tui.cli.class_.new import new
from rolltrain_tui.cli.class_.submit import submit

VERBS = (lesson, new, join, submit, grade)


@click.group("class", commands=VERBS)
def class_() -> None:
    """What a teacher needs: lessons to hold before a room, and assignments. Each student plays one campaign with dice of their own, and
    every run is graded by training it again.

    \b
    The teacher:  rolltrain class new tutorial hw1.class
    A student:    rolltrain class join hw1.class --name ANNA
                  rolltrain play the-first-lesson-anna.yaml
                  rolltrain class submit
    The teacher:  rolltrain class grade FOLDER --assignment hw1.class --csv grades.csv --html grades.html
    """
