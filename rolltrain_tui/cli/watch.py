"""`rolltrain watch`: follow a run that another process plays. It loads no torch."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rolltrain_tui.cli.shared import options
from rolltrain_tui.cli.shared.beside import refuse_beside
from rolltrain_tui.cli.shared.exit_codes import DONE, FAILED
from rolltrain_tui.cli.shared.screen import need_screen, open_screen

if TYPE_CHECKING:
    from rolltrain_tui.plain.views import PlainView, SafeStream
    from rolltrain_tui.protocol.inbox import Inbox
    from rolltrain_tui.runs.follow import Followed
    from rolltrain_tui.tui.launch import Launch


@click.command()
@click.argument("run", required=False)
@click.option("--plain", is_flag=True, help="Tell the story in sentences instead, until nothing more comes.")
@click.option(
    "--every",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="In the plain story, tell the roll of every Nth turn only.",
)
@options.RUNS
def watch(run: str | None, plain: bool, every: int, out: Path | None) -> int:
    """Follow RUN live and read only, from any terminal of this machine; without a name, the run that was written last."""
    path = followed_path(run, out)
    if plain or not sys.stdout.isatty():
        return _tell(path, every)
    refuse_beside("The screen", "it belongs to --plain", ("every",))
    need_screen("Watching", "With --plain it is told in sentences.")
    from rolltrain_tui.tui.opening import SEEKING

    def launch() -> "Launch":
        from rolltrain_tui.runs.follow import Followed
        from rolltrain_tui.runs.root import saves_root
        from rolltrain_tui.tui.launch import Launch

        Followed(path)  # what is wrong with the name is told before the screen opens
        return Launch(followed=path, runs=saves_root(out))

    return open_screen(SEEKING, launch)


def followed_path(run: str | None, out: Path | None) -> Path:
    """The run of this name; without one, the run under the folder of runs that was written last. UsageError."""
    if run is not None:
        return options.run_path(run, out)
    from rolltrain_tui.runs.log.recording import written_last
    from rolltrain_tui.runs.root import saves_root

    newest = written_last(saves_root(out))
    if newest is None:
        raise click.UsageError(f"there is no run in {saves_root(out)} yet; name the one to follow.")
    return newest


def _tell(path: Path, every: int) -> int:
    from rolltrain_tui.base.safe_text import flat
    from rolltrain_tui.plain.signals import caught
    from rolltrain_tui.plain.views import PlainView, SafeStream
    from rolltrain_tui.protocol.inbox import Inbox
    from rolltrain_tui.runs.follow import Followed

    run, inbox = Followed(path), Inbox()
    voice, aside = SafeStream(sys.stdout, unheard=inbox.stop), SafeStream(sys.stderr)
    with caught(inbox.stop) as signal:
        _follow(run, inbox, PlainView(voice, every), aside)
    if run.standing.over:
        aside.say(flat(run.standing.words))
    gone_wrong = run.standing.state in ("abandoned", "gone", "damaged")
    return signal.exit_code or voice.settled() or (FAILED if gone_wrong else DONE)


def _follow(run: "Followed", inbox: "Inbox", view: "PlainView", aside: "SafeStream") -> None:
    """Tell the story so far and what follows, until nothing more comes."""
    from rolltrain_tui.base.safe_text import flat
    from rolltrain_tui.runs.follow import AWAITED
    from rolltrain_tui.runs.playable import Sought
    from rolltrain_tui.story.scene import Scene

    scene = Scene()
    view.open(scene, run.campaign.turns if run.campaign is not None else 0)

    def stop_at_the_end() -> None:
        if run.standing.over:
            inbox.stop()

    for event in run.story:
        scene.apply(event)
        view.show(event)
    if run.standing is AWAITED:
        aside.say(AWAITED.words)
    inbox.turn_over = stop_at_the_end
    for happened in run.play(inbox):
        if isinstance(happened, Sought):
            scene = happened.scene
            view.open(scene, scene.turns or 0)
            aside.say(flat(run.standing.words))
        else:
            scene.apply(happened)
            view.show(happened)
