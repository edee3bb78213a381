"""`rolltrain plot`: a played run as charts on the terminal. It loads no torch."""

import shutil
import sys
from pathlib import Path

import click

from rolltrain_tui.cli.shared import options
from rolltrain_tui.cli.shared.beside import refuse_beside
from rolltrain_tui.cli.shared.exit_codes import DONE, FAILED


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--what", type=click.Choice(["all", "loss", "timeline", "k", "dice"]), default="all", show_default=True, help="The chart.")
@click.option("--width", type=click.IntRange(40, 400), help="Columns, instead of the terminal's.")
@click.option("--height", type=click.IntRange(8, 100), default=20, show_default=True, help="Lines of the loss chart.")
@click.option("--rolled", is_flag=True, help="Also the loss times k, which nothing trains on.")
@options.RUNS_BESIDE_OUT
def plot(run: str, what: str, width: int | None, height: int, rolled: bool, runs: Path | None) -> int:
    """Draw RUN's losses, time line, k and dice in characters; with colours on a terminal, without in a pipe."""
    from rolltrain_tui.exports import export as exports
    from rolltrain_tui.exports import terminal

    if what not in ("all", "loss"):
        refuse_beside(f"--what {what}", "it belongs to the loss chart", ("rolled",))
    reading = exports.read(options.chronicle_path(run, runs))
    columns = width or min(160, shutil.get_terminal_size((100, 24)).columns)
    click.echo(terminal.charts(reading.summary, what, columns, height, colour=sys.stdout.isatty(), rolled=rolled))
    if reading.damage:
        click.echo(f"Only the turns up to {reading.summary.turn}: {reading.damage}.", err=True)
    return FAILED if reading.damage else DONE
