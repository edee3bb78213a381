"""`rolltrain saves`: list, show, delete, export and import runs. It loads no torch."""

import shlex
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rolltrain_tui.base.atomic_files import refusal
from rolltrain_tui.base.grammar import counted, fixed
from rolltrain_tui.base.json_answers import json_text
from rolltrain_tui.base.safe_text import flat, printable
from rolltrain_tui.cli.shared.exit_codes import DONE, FAILED
from rolltrain_tui.cli.shared.options import AS_JSON, FILE, RUNS, confirm, run_path

if TYPE_CHECKING:
    from rolltrain_tui.runs.saves import RunSummary, SlotSummary


@click.group()
def saves() -> None:
    """List, show, delete, export and import saved runs."""


@saves.command("list")
@RUNS
@AS_JSON
def list_(out: Path | None, as_json: bool) -> None:
    """All runs, the one saved last first."""
    from rolltrain_tui.runs.saves import SaveError, list_runs, saves_root

    root = saves_root(out)
    try:
        next(root.iterdir(), None)
    except FileNotFoundError:
        pass  # the first run makes it
    except OSError as error:
        raise SaveError(f"{printable(root)} cannot be listed: {refusal(error)}; name the folder that holds the runs") from None
    runs = list_runs(root)
    if as_json:
        click.echo(json_text([asdict(run) for run in runs]))
    elif not runs:
        click.echo(f"No saves in {root}.", err=True)
    for run in () if as_json else runs:
        click.echo(f"{run.folder.name}\n  {_describe(run)}")


@saves.command()
@click.argument("run")
@RUNS
@AS_JSON
def show(run: str, out: Path | None, as_json: bool) -> int:
    """A run and all its saves, every byte of them checked. Exit code 1 when anything is damaged."""
    from rolltrain_tui.runs.saves import describe

    details = describe(run_path(run, out))
    good = not (details.run.damage or details.chronicle_damage or any(slot.damage for slot in details.slots))
    if as_json:
        click.echo(json_text({**asdict(details), "good": good}))
        return DONE if good else FAILED
    click.echo(f"{flat(str(details.run.folder))}\n  {_describe(details.run)}")
    click.echo(f"  chronicle: {counted(details.events, 'event')}" + (f", ✖ {details.chronicle_damage}" if details.chronicle_damage else ""))
    for slot in details.slots:
        marks = [word for word, holds in (("latest", slot.latest), ("kept", slot.kept)) if holds]
        words = [*_stands(slot), _when(slot.saved_at), f"{slot.size / 1e6:.1f} MB", *marks]
        click.echo(f"  {'✖' if slot.damage else '✔'} {flat(slot.name)}: {flat(', '.join(words))}")
        click.echo(f"    {flat(str(slot.folder))}" + (f"\n    {flat(slot.damage)}" if slot.damage else ""))
    return DONE if good else FAILED


def _stands(slot: "SlotSummary") -> list[str]:
    """Where the run stood when it was saved."""
    if slot.summary is None:
        return []
    val = [] if slot.summary.value is None else [f"{slot.summary.label} {fixed(slot.summary.value)}"]
    return [f"turn {slot.summary.turn}/{slot.summary.turns}", *val, f"level {slot.summary.level}"]


@saves.command("export")
@click.argument("run")
@click.argument("file", required=False, type=FILE)
@RUNS
def export_(run: str, file: Path | None, out: Path | None) -> int:
    """A run in one FILE (RUN.rolltrain.zip): campaign, chronicle, ghost and all good saves. A text of yours is not part of it."""
    from rolltrain_tui.runs.saves import archive

    folder = run_path(run, out)
    target = file or Path(archive.default_name(folder))
    left_out = archive.pack(folder, target)
    for damage in left_out:
        click.echo(f"Left out: {flat(damage)}", err=True)
    click.echo(target)
    return FAILED if left_out else DONE


@saves.command("import")
@click.argument("file", type=FILE)
@click.option("--as", "name", metavar="NAME", help="Give it another name.")
@RUNS
def import_(file: Path, name: str | None, out: Path | None) -> None:
    """Bring in a run from an exported FILE. All of it is checked first, and nothing that is there is written over."""
    from rolltrain_tui.runs.saves import archive, saves_root

    folder = archive.unpack(file, saves_root(out), name)
    click.echo(folder)
    click.echo(_what_next(folder), err=True)


def _what_next(folder: Path) -> str:
    """What one can do with a run that was brought in."""
    from rolltrain_tui.runs import layout
    from rolltrain_tui.runs.saves import describe

    run = shlex.quote(str(folder))
    if not (folder / layout.CAMPAIGN).exists():
        return f"Another program trained it. Look at it: rolltrain replay {run}"
    if describe(folder).run.ending is None:
        return f"Go on with it: rolltrain play {run}"
    return f"It has ended. Look at it: rolltrain replay {run}\nAgain from an earlier turn: rolltrain branch {run} --at TURN"


@saves.command()
@click.argument("run")
@RUNS
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(run: str, out: Path | None, yes: bool) -> None:
    """Remove a run with all its saves, for good."""
    from rolltrain_tui.runs.saves import delete as remove
    from rolltrain_tui.runs.saves import describe

    details = describe(run_path(run, out))
    if not yes:
        confirm(f"{_describe(details.run)}\nDelete {details.run.folder} and its {counted(len(details.slots), 'save')}?")
    remove(details.run.folder)
    click.echo(f"Deleted: {details.run.folder}", err=True)


def _describe(run: "RunSummary") -> str:
    """One line about a run."""
    if not run.campaign:
        return f"no good save: {run.damage}"
    from rolltrain_tui.story.phrases import title

    val = f"{run.label} {fixed(run.value)}" if run.value is not None else "not evaluated yet"
    hero = f"{run.hero}, {title(run.hero_class)} {run.level}"
    ending = [run.outcome if run.outcome not in (None, "alone") else "finished"] if run.ending else []
    parts = [run.campaign, hero, f"turn {run.turn}/{run.turns}", val, *ending, _when(run.saved_at)]
    return flat(" · ".join(parts) + (f" (damaged: {run.damage})" if run.damage else ""))


def _when(saved_at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(saved_at))
