"""`rolltrain diff`: two runs side by side. It loads no torch."""

from pathlib import Path

import click

from rolltrain_tui.base.json_answers import json_text
from rolltrain_tui.cli.shared import options


@click.command()
@click.argument("run_a")
@click.argument("run_b")
@options.RUNS
@options.AS_JSON
def diff(run_a: str, run_b: str, out: Path | None, as_json: bool) -> None:
    """Where two runs part, what was asked of each from there on, validation losses, twin verdicts and the end."""
    from rolltrain_tui.runs.verification import compare_runs

    found = compare_runs.lay_side_by_side(options.run_path(run_a, out), options.run_path(run_b, out))
    click.echo(json_text(compare_runs.as_record(found)) if as_json else compare_runs.report(found))
