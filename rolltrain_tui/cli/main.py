"""The command line: `rolltrain VERB`, one file for each verb. Data goes to stdout, all talk to stderr.

A verb imports torch, textual and pydantic when it runs, so that help answers at once.
"""

import os
import sys
import warnings

import click

from rolltrain_tui import __version__
from rolltrain_tui.cli.arena import arena
from rolltrain_tui.cli.bench import bench
from rolltrain_tui.cli.branch import branch
from rolltrain_tui.cli.check import check
from rolltrain_tui.cli.class_ import class_
from rolltrain_tui.cli.codex import codex
from rolltrain_tui.cli.compare import compare
from rolltrain_tui.cli.diagnose import diagnose
from rolltrain_tui.cli.diff import diff
from rolltrain_tui.cli.doctor import doctor
from rolltrain_tui.cli.duel import duel
from rolltrain_tui.cli.dungeon import dungeon
from rolltrain_tui.cli.exit_codes import WRONG_USE, exit_code_of, open_streams, settle_streams
from rolltrain_tui.cli.export import export
from rolltrain_tui.cli.ghost import ghost
from rolltrain_tui.cli.new import new
from rolltrain_tui.cli.play import play
from rolltrain_tui.cli.plot import plot
from rolltrain_tui.cli.plugin_faults import tell_of_faults
from rolltrain_tui.cli.replay import replay
from rolltrain_tui.cli.saves import saves
from rolltrain_tui.cli.schema import schema
from rolltrain_tui.cli.serve import serve
from rolltrain_tui.cli.train import train
from rolltrain_tui.cli.verify import verify
from rolltrain_tui.cli.watch import watch
from rolltrain_tui.cluster.launched import launched, rank

ON_RANKS = ("train",)
"""Verbs that torchrun can start on several ranks at once."""


def main() -> None:
    """The entry point of `rolltrain`."""
    open_streams()
    # Read when torch is loaded. OpenMP threads that spin without end at their barriers train two to three times slower beside any other
    # busy program; those that spin too briefly cost a wake-up at every operation.
    os.environ.setdefault("GOMP_SPINCOUNT", "50000")
    warnings.filterwarnings("ignore", "Failed to initialize NumPy", UserWarning)  # torch says so where NumPy is absent; it is not needed
    code = exit_code_of(lambda: rolltrain(prog_name="rolltrain", standalone_mode=False))
    tell_of_faults()
    sys.exit(settle_streams(code))


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, "--version", message="rolltrain %(version)s")
@click.pass_context
def rolltrain(context: click.Context) -> None:
    """A role-playing game in which every turn is one real optimiser step of a real PyTorch model.

    Begin with: rolltrain play
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
    elif launched() and context.invoked_subcommand not in ON_RANKS:
        _refuse_ranks(context.invoked_subcommand)


def _refuse_ranks(verb: str) -> None:
    """UsageError of the first rank, which talks for all."""
    if rank():
        raise click.exceptions.Exit(WRONG_USE)
    other = " The same game on many ranks: torchrun ... -m rolltrain_tui train CAMPAIGN --plain" if verb == "play" else ""
    raise click.UsageError(f"`rolltrain {verb}` runs in one process, and torchrun starts several: start it by itself.{other}")


# To play and to train.
rolltrain.add_command(play)
rolltrain.add_command(train)
rolltrain.add_command(ghost)
rolltrain.add_command(arena)
rolltrain.add_command(duel)
rolltrain.add_command(dungeon)
# A room.
rolltrain.add_command(class_)
# Campaign files and help.
rolltrain.add_command(new)
rolltrain.add_command(check)
rolltrain.add_command(schema)
rolltrain.add_command(codex)
# Recorded runs.
rolltrain.add_command(saves)
rolltrain.add_command(replay)
rolltrain.add_command(watch)
rolltrain.add_command(serve)
rolltrain.add_command(verify)
rolltrain.add_command(branch)
rolltrain.add_command(diff)
rolltrain.add_command(diagnose)
rolltrain.add_command(export)
rolltrain.add_command(plot)
# With a class.
rolltrain.add_command(class_)
# Measurements.
rolltrain.add_command(compare)
rolltrain.add_command(bench)
rolltrain.add_command(doctor)
