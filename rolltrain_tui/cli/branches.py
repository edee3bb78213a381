"""The verbs about what might have been: `rolltrain branch` and `rolltrain diff`."""

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rolltrain_tui.cli import options
from rolltrain_tui.cli.exit_codes import DONE

if TYPE_CHECKING:
    from rolltrain_tui.protocol.events import Event

_OUT = click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Folder that holds the runs, instead of the usual one.")


@click.command(short_help="A new run from any turn of another.")
@click.argument("run")
@click.option("--at", "turn", type=click.IntRange(min=0), required=True, metavar="TURN", help="The last turn that both have in common.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Other settings from there on: optimizer.learning_rate=1e-3")
@_OUT
def branch(run: str, turn: int, overrides: tuple[str, ...], out: Path | None) -> None:
    """A new run that has lived RUN's turns up to TURN, with all that was asked in them, and goes its own way from there: what if I had not
    raged at 412, what if the learning rate had been halved? RUN itself stays as it is."""
    from rolltrain_tui.runs.saves import saves_root

    path = options.find_save(run, saves_root(out)) or Path(run)
    from rolltrain_tui.plain.views import BarView, QuietView, SafeStream, View
    from rolltrain_tui.runs.branching import branch_at  # this loads torch
    from rolltrain_tui.story.scene import Scene

    face: View = BarView(sys.stderr) if sys.stderr.isatty() else QuietView(SafeStream(sys.stderr))
    scene = Scene()
    face.open(scene, turn)

    def watch(event: "Event") -> None:
        scene.apply(event)
        face.show(event)

    try:
        folder, note = branch_at(path, turn, watch, overrides)
    finally:
        face.close()
    if note:
        click.echo(note, err=True)
    click.echo(folder)
    click.echo(f"Go on with it: rolltrain play {shlex.quote(str(folder))}", err=True)


@click.command(short_help="Two runs side by side.")
@click.argument("run_a")
@click.argument("run_b")
@_OUT
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def diff(run_a: str, run_b: str, out: Path | None, as_json: bool) -> int:
    """Where two runs part, what was asked of each from there on, validation losses, twin verdicts and the end."""
    from rolltrain_tui.runs import compare_runs
    from rolltrain_tui.runs.saves import saves_root

    a, b = (options.find_save(run, saves_root(out)) or Path(run) for run in (run_a, run_b))
    found = compare_runs.lay_side_by_side(a, b)
    click.echo(json.dumps(compare_runs.as_record(found), indent=2, allow_nan=False) if as_json else compare_runs.report(found))
    return DONE
