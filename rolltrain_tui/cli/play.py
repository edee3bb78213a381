"""`rolltrain play`: the game on the screen."""

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.cli.shared import options
from rolltrain_tui.cli.shared.beside import refuse_beside
from rolltrain_tui.cli.shared.screen import NoScreen, missing_screen
from rolltrain_tui.cluster.launched import launched, rank, world_size

if TYPE_CHECKING:
    from collections.abc import Callable

    from rolltrain_tui.protocol.events import Secret
    from rolltrain_tui.tui.launch import Launch
    from rolltrain_tui.tui.terminal.first_picture import Draw


OF_A_CAMPAIGN = ("data", "steps", "seed", "device", "settings")
"""Options that mean nothing before a campaign is chosen."""


@click.command()
@click.argument("what", required=False, metavar="[CAMPAIGN|SAVE]")
@options.campaign_options
@options.classroom_options
@options.SHARD_WEIGHTS
def play(
    what: str | None,
    shard_weights: bool,
    **given: Any,
) -> int:
    """Open the game. CAMPAIGN is a file or a shipped name, SAVE a run or save folder; without one, the title screen.

    One game on many processes, whose first one draws: torchrun --nproc-per-node 2 -m rolltrain_tui play CAMPAIGN
    """
    if launched():
        if rank() == 0:
            click.echo(f"{world_size()} ranks gather; the screen opens when all are there.", err=True)
        from rolltrain_tui.cli.shared.ranks import play_on_ranks

        return play_on_ranks({"CAMPAIGN or SAVE": what, **given}, partial(_launch, what, **given), given["out"], shards=shard_weights)
    options.refuse_shards(shard_weights, "play")
    from rolltrain_tui.tui import play as play_game
    from rolltrain_tui.tui.terminal.first_picture import FirstPicture

    with FirstPicture() as picture:
        return play_game(_launch(what, show=picture.show, **given), first=picture)


def _launch(
    what: str | None,
    out: Path | None,
    data: Path | None,
    script: Path | None,
    presenter: bool | None,
    explain: bool,
    hidden: "frozenset[Secret]",
    vote_at: str,
    *,
    show: "Callable[[Draw], None] | None" = None,
    **given: Any,
) -> "Launch":
    """What the command line asks of the app. UsageError, ValueError. `show`: called with the first frame, before what takes long."""
    from rolltrain_tui.runs.root import saves_root

    if what is not None and not what.strip():
        options.find_campaign(what)  # which refuses it: not naming any means the title screen
    root, data = saves_root(out), options.own_text(data)
    save = options.find_save(what, root) if what else None
    if save is not None:
        options.refuse_other_text(data)
    if reason := missing_screen():
        command = _train_command(what, save is not None, data, out, given)
        raise NoScreen(f"The game needs a terminal to draw on, and {reason}.\nThe same game in plain sentences:\n\n  {command}")
    if what is None:
        refuse_beside("The title screen", "name a campaign, such as tutorial", OF_A_CAMPAIGN)
    campaign = options.find_campaign(what) if what and save is None else None
    if show is not None:
        show(_first_frame(campaign, save))
    from rolltrain_tui.tui.launch import Launch

    overrides = options.overrides(campaign, data=data, **given)
    if campaign is not None:
        options.check_campaign(campaign, overrides, data)
    return Launch(
        campaign=campaign,
        save=save,
        overrides=overrides,
        data=data,
        runs=root,
        moves=tuple(options.read_moves(script)),
        presenter=presenter,
        explain=explain,
        hidden=hidden,
        votes=vote_at == "encounter",
    )


def _first_frame(campaign: Path | None, save: Path | None) -> "Draw":
    """What the terminal shows while the rest is loaded."""
    from rolltrain_tui.tui import opening

    if campaign is None and save is None:
        return opening.title
    return partial(opening.loading, opening.GATHERING if save is not None else opening.READING)


def _train_command(what: str | None, is_save: bool, data: Path | None, out: Path | None, given: dict[str, Any]) -> str:
    """The command that plays the same game in plain sentences."""
    start = ["torchrun", "--nproc-per-node", str(world_size()), "-m", "rolltrain_tui"] if launched() else ["rolltrain"]
    words = [*start, "train", *(["--resume"] if is_save else []), what or "tutorial"]
    words += [word for name in ("steps", "seed", "device") if given[name] is not None for word in (f"--{name}", str(given[name]))]
    words += [word for name, path in (("--data", data), ("--out", out)) if path for word in (name, str(path))]
    words += [word for setting in given["settings"] for word in ("--set", setting)]
    return shlex.join([*words, "--plain"])
