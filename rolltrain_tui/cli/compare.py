"""`rolltrain compare`: auto-players against plain training, measured."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.json_answers import json_text
from rolltrain_tui.cli.shared import options
from rolltrain_tui.cli.shared.beside import refuse_beside
from rolltrain_tui.cli.shared.executors import executor, executor_options
from rolltrain_tui.cli.shared.exit_codes import DONE, FAILED

if TYPE_CHECKING:
    from rolltrain_tui.config.schema import CampaignConfig
    from rolltrain_tui.experiment.compare import Comparison


@click.command()
@click.argument("campaign", required=False)
@click.option("--classes", metavar="NAME,...", show_default="all built-in ones", help="Hero classes.")
@click.option("--rulebooks", default="hero,off", show_default=True, metavar="NAME,...", help="Rulebooks.")
@click.option(
    "--policies", default="none,random,oracle", show_default=True, metavar="NAME,...", help="none, auto, random, hinted, oracle, wrong."
)
@click.option(
    "--seeds", type=click.IntRange(1, 1000), default=3, show_default=True, help="Runs of each arm; the campaign's seed is the first."
)
@click.option("--probes", is_flag=True, help="Ask each run how robust it is and how it explored; twice the time.")
@click.option("--steps", type=click.IntRange(min=1), help="Turns, instead of the campaign's number.")
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Any value of the campaign, for all arms.")
@executor_options
@click.option("--shard", metavar="I/N", help="Run part I of N only, such as 3/16; the parts may run anywhere.")
@click.option("--merge", type=options.FILE, metavar="DIR", help="Put parts together that lie in DIR and the folders in it; runs nothing.")
@click.option("--out", type=options.FILE, metavar="DIR", help="Folder for runs and report, instead of compare-CAMPAIGN.")
@click.option("--json", "as_json", is_flag=True, help="The tables as JSON.")
def compare(
    campaign: str | None,
    classes: str | None,
    rulebooks: str,
    policies: str,
    seeds: int,
    probes: bool,
    steps: int | None,
    settings: tuple[str, ...],
    workers: int | None,
    ray: str | None,
    shard: str | None,
    merge: Path | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Play CAMPAIGN by auto-players: every class with every rulebook and policy, on several seeds, always beside plain training.

    Prints a table, and writes results.csv, report.md and pictures. Stopped, it goes on where it was when called again.
    With --shard it runs a part and stores its runs; --merge DIR, without CAMPAIGN, makes tables and report of all the parts.
    """
    from rolltrain_tui.experiment import compare as experiment
    from rolltrain_tui.experiment.grid import grid
    from rolltrain_tui.experiment.run import run_side_by_side
    from rolltrain_tui.experiment.shards import Experiment, Shard
    from rolltrain_tui.modes import campaign_file
    from rolltrain_tui.plain.signals import caught
    from rolltrain_tui.rules.classes.classes import CLASSES

    if merge is not None:
        if campaign is not None or shard is not None or ray is not None:
            raise click.UsageError("--merge DIR takes neither CAMPAIGN nor --shard nor --ray: what the experiment is stands in DIR.")
        refuse_beside("--merge DIR", "what the experiment is stands in DIR, and nothing is run", but=("merge", "out", "as_json"))
        return _merge(merge, out or merge, as_json)
    if campaign is None:
        raise click.UsageError("Name a CAMPAIGN, or --merge DIR.")
    if shard is not None and as_json:
        raise click.UsageError("--shard makes no tables; --json goes with --merge DIR, when all the parts are there.")
    part = Shard.of(shard) if shard is not None else None
    path = options.find_campaign(campaign)
    overrides = options.overrides(path, data=None, steps=steps, seed=None, device=None, settings=settings)
    config = campaign_file.load(path, overrides)
    cells = grid(
        config,
        path.parent,
        classes=",".join(CLASSES.built_in) if classes is None else classes,
        rulebooks=rulebooks,
        policies=policies,
        seeds=seeds,
        probes=probes,
    )
    folder, command = out or Path(f"compare-{path.stem}"), shlex.join(["rolltrain", *sys.argv[1:]])
    if part is not None:
        Experiment.of(config, cells, shlex.join(["rolltrain", *_without_shard(sys.argv[1:])])).write(folder)
        whole, cells = len(cells), part.part(cells)
        if not cells:
            _tell(f"Part {part.index} of {part.count} has nothing to run: the experiment has {counted(whole, 'run')} in all.")
            return DONE
    stop: list[bool] = []
    with executor(workers, ray, config) as execute, caught(lambda: stop.append(True)) as signal:
        comparison = experiment.sweep(cells, folder, lambda left: run_side_by_side(left, execute, lambda: bool(stop)), _tell)
    if part is None:
        _report(comparison, config, folder, command, as_json)
    else:
        done = f"{len(comparison.outcomes.done)} of {counted(len(cells), 'run')} {'is' if len(cells) == 1 else 'are'} in {folder}"
        _tell(f"Part {part.index} of {part.count}: {done}. With all parts there: rolltrain compare --merge {folder}")
    if comparison.missing:
        _tell(f"Stopped with {comparison.missing} of {counted(len(cells), 'run')} to go; the same command goes on with them.")
    return signal.exit_code or (FAILED if comparison.outcomes.failed else DONE)


def _merge(source: Path, folder: Path, as_json: bool) -> int:
    """Tables and report of the parts in a folder. FAILED where runs are missing."""
    from rolltrain_tui.experiment.compare import Comparison
    from rolltrain_tui.experiment.shards import merged
    from rolltrain_tui.experiment.table import Outcomes

    whole, cells, outcomes = merged(source)
    missing = [cell.label for cell in cells if cell not in outcomes]
    _report(Comparison(Outcomes(cells, outcomes), len(missing)), whole.config(), folder, whole.command, as_json)
    if missing:
        few, verb = "; ".join(missing[:5]), "is" if len(missing) == 1 else "are"
        _tell(f"{len(missing)} of {counted(len(cells), 'run')} {verb} missing: {few}{'; ...' if len(missing) > 5 else ''}.")
    return FAILED if missing else DONE


def _report(comparison: "Comparison", config: "CampaignConfig", folder: Path, command: str, as_json: bool) -> None:
    from rolltrain_tui.experiment import compare as experiment
    from rolltrain_tui.experiment.report import as_json as report_as_json

    files = experiment.write(comparison, config, folder, command, _tell)
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    click.echo(json_text(report_as_json(config, comparison.outcomes, files)) if as_json else comparison.text(columns))
    for name in files:
        _tell(f"Written: {folder / name}")  # a line each, so that every path can be copied


def _without_shard(words: list[str]) -> list[str]:
    """The command of the whole experiment, from that of a part."""
    pairs = zip(["", *words], words, strict=False)
    return [word for before, word in pairs if before != "--shard" and word.partition("=")[0] != "--shard"]


def _tell(text: str) -> None:
    click.echo(text, err=True)
