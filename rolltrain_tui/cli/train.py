"""`rolltrain train`: a campaign without a screen."""

import sys
from contextlib import nullcontext, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.base.json_answers import json_text
from rolltrain_tui.cli.shared import options
from rolltrain_tui.cli.shared.beside import refuse_beside
from rolltrain_tui.cluster.launched import launched, rank, world_size

if TYPE_CHECKING:
    from rolltrain_tui.cluster.runs import Order
    from rolltrain_tui.config.schema import CampaignConfig
    from rolltrain_tui.runs.run import Run


@click.command()
@click.argument("campaign", required=False)
@options.campaign_options
@click.option("--resume", metavar="SAVE|RUN", help="Go on from a save folder, or from the latest save of a run.")
@options.SHARD_WEIGHTS
@click.option("--plain", is_flag=True, help="Tell the story, a sentence an event; type commands as lines (type help).")
@click.option("--every", type=click.IntRange(min=1), metavar="N", help="In the plain story, tell the roll of every Nth turn only.")
@click.option("--json", "as_json", is_flag=True, help="End with one JSON object on stdout; all talk goes to stderr.")
def train(
    campaign: str | None, resume: str | None, shard_weights: bool, plain: bool, every: int | None, as_json: bool, **given: Any
) -> int:
    """Play a campaign without a screen: a progress bar on a terminal, plain sentences into a pipe.

    One game on many processes: torchrun --nproc-per-node 4 -m rolltrain_tui train CAMPAIGN
    """
    if (campaign is None) == (resume is None):
        raise click.UsageError("Name a campaign to begin, or --resume a save.")
    from rolltrain_tui.plain.run import PlainOptions, play

    out, data, script = given.pop("out"), options.own_text(given.pop("data")), given.pop("script")
    moves = options.read_moves(script)
    shown = PlainOptions(plain=plain, as_json=as_json, every=every)
    if not shown.in_sentences:
        refuse_beside("The progress bar", "it belongs to the story, which --plain tells", ("every",))
    if launched():
        if rank() == 0:
            click.echo(f"{world_size()} ranks gather; the story begins when all are there.", err=True)
        from rolltrain_tui.cli.shared.ranks import train_on_ranks

        order = (lambda: _resuming(str(resume), out, data, given)) if campaign is None else lambda: _beginning(campaign, out, data, given)
        code, result = train_on_ranks(order, shown, moves, shards=shard_weights)
    else:
        options.refuse_shards(shard_weights, "train")
        with redirect_stdout(sys.stderr) if as_json else nullcontext():  # a plug-in or a model may print
            run = _resumed(str(resume), out, data, given) if campaign is None else _begun(campaign, out, data, given)
            code, result = play(run, shown, moves)
    if as_json and result is not None:
        click.echo(json_text(result))
    return code


def _campaign(name: str, data: Path | None, given: dict[str, Any]) -> "tuple[CampaignConfig, Path, Path]":
    """The campaign, its base, and its file."""
    from rolltrain_tui.modes import campaign_file

    path = options.find_campaign(name)
    config, base = campaign_file.load_with_base(path, options.overrides(path, data=data, **given), data=data)
    return config, base, path


def _begun(name: str, out: Path | None, data: Path | None, given: dict[str, Any]) -> "Run":
    from rolltrain_tui.runs.saves import saves_root

    config, base, path = _campaign(name, data, given)
    from rolltrain_tui.runs import ghosts
    from rolltrain_tui.runs.run import Run  # loads torch, so the campaign is checked before

    return Run.begin(config, base=base, runs=saves_root(out), ghost_files=ghosts.places(path))


def _resumed(name: str, out: Path | None, data: Path | None, given: dict[str, Any]) -> "Run":
    options.refuse_other_text(data)
    folder = options.run_path(name, out)
    from rolltrain_tui.runs.run import Run

    overrides = options.overrides(None, data=None, **given)
    run = Run.resume(folder, overrides)
    if overrides and run.campaign.ended:
        raise click.UsageError(f"Nothing is trained. {run.note}")
    return run


# On many ranks, each rank reads the command line by itself, and they compare before anyone begins.


def _beginning(name: str, out: Path | None, data: Path | None, given: dict[str, Any]) -> "Order":
    from rolltrain_tui.cluster.runs import Beginning
    from rolltrain_tui.runs import ghosts
    from rolltrain_tui.runs.saves import saves_root

    config, base, path = _campaign(name, data, given)
    return Beginning(config=config, base=base, runs=saves_root(out), ghost_files=ghosts.places(path))


def _resuming(name: str, out: Path | None, data: Path | None, given: dict[str, Any]) -> "Order":
    from rolltrain_tui.cluster.runs import Resuming
    from rolltrain_tui.runs.saves import saves_root

    options.refuse_other_text(data)
    return Resuming(path=options.run_path(name, out), runs=saves_root(out), overrides=options.overrides(None, data=None, **given))
