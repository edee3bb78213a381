"""`rolltrain serve`: one game, watched from any number of browsers."""

import re
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.cli.shared import options
from rolltrain_tui.cli.shared.beside import refuse_beside
from rolltrain_tui.cli.shared.screen import need_screen

if TYPE_CHECKING:
    from rolltrain_tui.protocol.events import Secret
    from rolltrain_tui.tui.launch import Launch

SMALLEST, LARGEST = (60, 18), (300, 100)
HEADLESS = (120, 36)


class ScreenSize(click.ParamType):  # type: ignore[type-arg]  # older clicks know no argument here
    """120x36: columns and rows."""

    name = "SIZE"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> tuple[int, int]:
        found = re.fullmatch(r"(\d{1,4})x(\d{1,4})", str(value))
        size = (int(found[1]), int(found[2])) if found else (0, 0)
        if not all(low <= n <= high for low, n, high in zip(SMALLEST, size, LARGEST, strict=True)):
            self.fail(f"{value!r} is no size: columns and rows such as 120x36, from 60x18 to 300x100.", param, context)
        return size


@click.command()
@click.argument("what", metavar="RUN|CAMPAIGN")
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Where to listen; 0.0.0.0 lets the whole network in.  [127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), default=8765, metavar="N", help="0: any free port.  [8765]")
@click.option("--name", "names", multiple=True, metavar="HOST", help="Another name under which browsers reach this machine.")
@click.option("--go-on", is_flag=True, help="RUN is played on from its last save; else it is followed, read only.")
@click.option("--headless", is_flag=True, help="No terminal: the game draws for its viewers alone, and asks nobody.")
@click.option("--size", type=ScreenSize(), metavar="120x36", help="With --headless: columns and rows.")
@click.option("--once", is_flag=True, help="With --headless: end when the run is over, instead of showing it until a signal comes.")
@click.option("--vote", is_flag=True, help="The room votes at every encounter, as with --vote-at encounter.")
@click.option("--play", "guests", type=click.IntRange(0, 200), default=0, metavar="N", help="So many visitors may play games of their own.")
@options.campaign_options
@options.classroom_options
def serve(
    what: str,
    host: str,
    port: int,
    names: tuple[str, ...],
    go_on: bool,
    headless: bool,
    size: tuple[int, int] | None,
    once: bool,
    vote: bool,
    guests: int,
    presenter: bool | None,
    explain: bool,
    hidden: "frozenset[Secret]",
    vote_at: str,
    **given: Any,
) -> int:
    """Play CAMPAIGN, or follow RUN, here as always; whoever has the address sees the same screen, and phones a page of their own."""
    from rolltrain_tui.serve.serving import Serving, check_installed

    check_installed(*(["textual_serve"] if guests else []))
    if not headless and (size is not None or once):
        raise click.UsageError("--size and --once belong to --headless; a terminal has its own size, and its player says when.")
    if headless:
        refuse_beside("--headless", "nobody sits there to let the room vote", ("vote", "vote_at"))
    else:
        need_screen("The game", "With --headless it draws for its viewers alone.")
    from rolltrain_tui.tui import opening
    from rolltrain_tui.tui.terminal.first_picture import FirstPicture

    with FirstPicture() as picture:
        if not headless:
            picture.show(partial(opening.loading, opening.SERVING))
        launch = replace(
            _launch(what, go_on, **given),
            presenter=presenter,
            explain=explain,
            hidden=hidden,
            votes=vote or vote_at == "encounter",
            alone=headless,
        )
        if guests and launch.campaign is None:
            raise click.UsageError("--play belongs to a campaign: guests begin games of their own, and a run has its player.")
        from rolltrain_tui.serve.start import start

        drawn = (size or HEADLESS) if headless else None
        command = _for_guests(launch) if guests else ()
        serving = Serving(host=host, port=port, names=names, size=drawn, once=once, guests=guests, guest_command=command)
        return start(launch, serving, picture)


def _for_guests(launch: "Launch") -> tuple[str, ...]:
    """What starts the same campaign for a guest."""
    settings = (word for setting in launch.all_overrides() for word in ("--set", setting))
    return (sys.executable, "-m", "rolltrain_tui", "play", str(launch.campaign), *settings)


def _launch(what: str, go_on: bool, out: Path | None, data: Path | None, script: Path | None, **given: Any) -> "Launch":
    """What is opened. UsageError, ValueError."""
    from rolltrain_tui.runs.saves import saves_root
    from rolltrain_tui.tui.launch import Launch

    root, data = saves_root(out), options.own_text(data)
    run = options.find_save(what, root)
    if run is None:
        if go_on:
            raise click.UsageError(f"--go-on belongs to a run, and there is no run {what!r} in {root}.")
        campaign = options.find_campaign(what)
        overrides = options.overrides(campaign, data=data, **given)
        options.check_campaign(campaign, overrides, data)
        moves = tuple(options.read_moves(script))
        return Launch(campaign=campaign, overrides=overrides, data=data, runs=root, moves=moves)
    options.refuse_other_text(data)
    if go_on:
        overrides = options.overrides(None, data=None, **given)
        return Launch(save=run, overrides=overrides, runs=root, moves=tuple(options.read_moves(script)))
    if script is not None or any(value not in (None, ()) for value in given.values()):
        raise click.UsageError("a run is followed as it is; options that change it belong to a campaign, or to --go-on.")
    from rolltrain_tui.runs.follow import Followed

    Followed(run)  # what is wrong with it is told before the screen opens
    return Launch(followed=run, runs=root)
