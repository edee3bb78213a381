"""The command line: `rolltrain VERB`, one file for each verb. Data goes to stdout, all talk to stderr.

A verb's file is loaded when it is called, and imports torch, textual and pydantic when it runs. So help answers at once.
"""

import gc
import io
import os
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import click

from rolltrain_tui import __version__
from rolltrain_tui.cli.shared.exit_codes import exit_code_of, open_streams, settle_streams
from rolltrain_tui.cli.shared.late_verbs import LateVerbs
from rolltrain_tui.cli.shared.plugin_faults import tell_of_faults
from rolltrain_tui.cluster.launched import first_here, launched
from rolltrain_tui.tui.threads.tuning import THRESHOLDS

VERBS = {
    # To play and to train
    "play": "Open the game.",
    "train": "Play a campaign without a screen.",
    "ghost": "Record a campaign's plain run, to race against.",
    "arena": "Breed small models, train them, let them battle.",
    "duel": "Play a duel against a saved network or a fixed player.",
    "dungeon": "Play a text adventure by yourself.",
    # A room
    "class": "Lessons and assignments for a room.",
    "serve": "Play before a room: browsers watch along.",
    # Campaign files and help
    "new": "Write a complete, commented campaign.",
    "check": "Validate campaign files.",
    "schema": "The JSON schema of campaign files, for editors.",
    "codex": "What every mechanic does to the training.",
    # Recorded runs
    "saves": "List, show, delete, export and import saved runs.",
    "replay": "Watch a recorded run.",
    "watch": "Follow a run that another process plays.",
    "verify": "Train a recorded run again and compare.",
    "branch": "A new run from any turn of another.",
    "diff": "Two runs side by side.",
    "diagnose": "What ails a saved run.",
    "export": "A run as CSV, pictures, TensorBoard events, report card.",
    "plot": "A run's charts, here on the terminal.",
    # Measurements
    "compare": "Measure classes, rulebooks and auto-players against plain training.",
    "evolve": "Seek settings by a population of runs.",
    "bench": "Measure the game against a bare loop.",
    "doctor": "Will it run here, and how fast?",
}
"""Each is a file of its name in this folder."""
click.IntRange.name, click.FloatRange.name = "integer", "number"  # click's own names make "'ten' is not a valid integer range."
ON_RANKS = ("play", "train")
"""Verbs that torchrun can start on several ranks at once."""


def main() -> None:
    """The entry point of `rolltrain`."""
    open_streams()
    # Nearly all that is loaded stays. Python's collector would look it through again and again: a tenth of the CPU until the first turn.
    gc.set_threshold(*THRESHOLDS)
    # Read when torch is loaded. OpenMP threads that spin without end at their barriers train two to three times slower beside any other
    # busy program; those that spin too briefly cost a wake-up at every operation.
    os.environ.setdefault("GOMP_SPINCOUNT", "50000")
    warnings.filterwarnings("ignore", "Failed to initialize NumPy", UserWarning)  # torch says so where NumPy is absent; it is not needed
    code = exit_code_of(_called)
    if first_here():
        tell_of_faults()
    sys.exit(settle_streams(code))


def _called() -> Any:
    """The verb's answer. Only the first rank on each machine talks: the others would say the same."""
    if first_here():
        return rolltrain(prog_name="rolltrain", standalone_mode=False)
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        return rolltrain(prog_name="rolltrain", standalone_mode=False)


@click.group(
    cls=LateVerbs,
    verbs=VERBS,
    package=__package__,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(__version__, "--version", message="rolltrain %(version)s")
@click.pass_context
def rolltrain(context: click.Context) -> None:
    """A role-playing game in which every turn is one real optimiser step of a real PyTorch model.

    Begin with: rolltrain play
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
    elif launched() and context.invoked_subcommand not in ON_RANKS:
        verb = context.invoked_subcommand
        raise click.UsageError(f"`rolltrain {verb}` runs in one process, and torchrun starts several: start it by itself.")
