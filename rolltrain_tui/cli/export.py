"""`rolltrain export`: a played run as files for other programs. It loads no torch."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.base.json_answers import json_text
from rolltrain_tui.cli.shared import options
from rolltrain_tui.cli.shared.beside import refuse_beside
from rolltrain_tui.cli.shared.exit_codes import DONE, FAILED
from rolltrain_tui.runs import layout

if TYPE_CHECKING:
    from rolltrain_tui.exports.writers import Writer


@click.command()
@click.argument("run", metavar="RUN")
@click.option("--csv", "as_csv", is_flag=True, help="turns.csv: a row a turn.")
@click.option("--png", is_flag=True, help="run.png: losses, time line, k and dice on one page.")
@click.option("--svg", is_flag=True, help="run.svg: the same.")
@click.option("--report", is_flag=True, help="report.md: the report card.")
@click.option("--tensorboard", type=options.FILE, metavar="DIR", help="TensorBoard events in DIR.")
@click.option("--wandb-offline", type=options.FILE, metavar="DIR", help="A W&B run in DIR, written without a network.")
@click.option("--out", type=options.FILE, metavar="DIR", help="Folder for the files, instead of export-RUN here.")
@options.RUNS_BESIDE_OUT
@click.option("--json", "as_json", is_flag=True, help="What was written, as JSON.")
def export(
    run: str,
    as_csv: bool,
    png: bool,
    svg: bool,
    report: bool,
    tensorboard: Path | None,
    wandb_offline: Path | None,
    out: Path | None,
    runs: Path | None,
    as_json: bool,
) -> int:
    """Write RUN (a run, a save of it, or a chronicle) for other tools. Several forms at once; without any, CSV, PNG and report card."""
    from rolltrain_tui.base.plotting import NoPlotsError, check_plots
    from rolltrain_tui.exports import export as exports
    from rolltrain_tui.exports.writers import check_installed

    default = not any((as_csv, png, svg, report, tensorboard, wandb_offline))
    if not any((default, as_csv, png, svg, report)):
        refuse_beside("What is asked for", "each of these forms names a folder of its own", ("out",))
    chronicle = options.chronicle_path(run, runs)
    kinds = [kind for kind, wanted in (("png", png or default), ("svg", svg)) if wanted]
    folder = out or Path(f"export-{chronicle.parent.name if chronicle.name == layout.CHRONICLE else chronicle.stem}")
    check_installed(tensorboard=tensorboard is not None, wandb=wandb_offline is not None)
    if kinds:
        try:
            check_plots()
        except NoPlotsError as error:
            if not default:
                raise click.UsageError(str(error)) from None
            click.echo(str(error), err=True)
            kinds = []
    with ExitStack() as open_writers:
        writers = _writers(open_writers, folder if as_csv or default else None, tensorboard, wandb_offline, chronicle)
        reading = exports.read(chronicle, writers)
        written = [writer.close() for writer in writers]
        open_writers.pop_all()
    if kinds or report or default:
        _make(folder)
    written += exports.pages(reading.summary, folder, kinds=kinds, report=report or default)
    if reading.damage:
        click.echo(f"Only the turns up to {reading.summary.turn}: {reading.damage}.", err=True)
    found = {"turns": reading.summary.turn, "damage": reading.damage, "written": written}
    click.echo(json_text(found) if as_json else "\n".join(written))
    return FAILED if reading.damage else DONE


def _writers(stack: ExitStack, table: Path | None, tensorboard: Path | None, wandb: Path | None, chronicle: Path) -> "list[Writer]":
    """Those that were asked for, open. Where one cannot be opened, the others are dropped."""
    from rolltrain_tui.exports.writers import CsvWriter, TensorBoardWriter, WandbWriter

    made: list[Writer] = []
    if table is not None:
        made.append(CsvWriter(_make(table)))
        stack.callback(made[-1].drop)
    if tensorboard is not None:
        made.append(TensorBoardWriter(_make(tensorboard)))
        stack.callback(made[-1].drop)
    if wandb is not None:
        made.append(WandbWriter(_make(wandb), _config(chronicle), chronicle.parent.name))
        stack.callback(made[-1].drop)
    return made


def _config(chronicle: Path) -> dict[str, Any]:
    """The campaign beside the chronicle, if it can be read: W&B shows it as the run's configuration."""
    from rolltrain_tui.modes import campaign_file

    try:
        return campaign_file.load_text((chronicle.parent / layout.CAMPAIGN).read_text("utf-8"), layout.CAMPAIGN).model_dump(mode="json")
    except (OSError, ValueError):
        return {}


def _make(folder: Path) -> Path:
    from rolltrain_tui.base.safe_text import printable
    from rolltrain_tui.exports.writers import ExportError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{printable(folder)} cannot be made ({error.strerror}); name another folder.") from None
    return folder
