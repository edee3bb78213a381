"""`rolltrain play`: the game on the screen."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.cli import options
from rolltrain_tui.cli.exit_codes import WRONG_USE
from rolltrain_tui.cli.screen import missing_screen

if TYPE_CHECKING:
    from rolltrain_tui.protocol.events import Secret


@click.command()
@click.argument("what", required=False, metavar="[CAMPAIGN|SAVE]")
@options.campaign_options
@options.classroom_options
def play(
    what: str | None,
    out: Path | None,
    data: Path | None,
    script: Path | None,
    presenter: bool | None,
    explain: bool,
    hidden: "frozenset[Secret]",
    vote_at: str,
    **given: Any,
) -> int:
    """Open the game. CAMPAIGN is a file or a shipped name, SAVE a run or save folder; without one, the title screen."""
    from rolltrain_tui.runs.root import saves_root

    root, data = saves_root(out), options.own_text(data)
    save = options.find_save(what, root) if what else None
    if save is not None:
        options.refuse_other_text(data)
    if reason := missing_screen():
        return _offer_train(reason, what, save is not None, data, out, given)
    from rolltrain_tui.tui import play as play_game
    from rolltrain_tui.tui.launch import Launch

    campaign = options.find_campaign(what) if what and save is None else None
    overrides = options.overrides(campaign, data=data, **given)
    if campaign is not None:
        options.check_campaign(campaign, overrides, data)
    moves = tuple(options.read_moves(script))
    return play_game(
        Launch(
            campaign=campaign,
            save=save,
            overrides=overrides,
            data=data,
            runs=root,
            moves=moves,
            presenter=presenter,
            explain=explain,
            hidden=hidden,
            votes=vote_at == "encounter",
        )
    )


def _offer_train(reason: str, what: str | None, is_save: bool, data: Path | None, out: Path | None, given: dict[str, Any]) -> int:
    """Say that there is no screen, and which command plays the same game in plain sentences."""
    words = ["rolltrain", "train", *(["--resume"] if is_save else []), what or "tutorial"]
    words += [word for name in ("steps", "seed", "device") if given[name] is not None for word in (f"--{name}", str(given[name]))]
    words += [word for name, path in (("--data", data), ("--out", out)) if path for word in (name, str(path))]
    words += [word for setting in given["settings"] for word in ("--set", setting)]
    click.echo(f"The game needs a terminal to draw on, and {reason}.\nThe same game in plain sentences:\n", err=True)
    click.echo(f"  {shlex.join([*words, '--plain'])}", err=True)
    return WRONG_USE
