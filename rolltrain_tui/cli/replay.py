"""`rolltrain replay`: watch a recorded run. It loads no torch."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rolltrain_tui.cli.shared import options
from rolltrain_tui.cli.shared.beside import refuse_beside
from rolltrain_tui.cli.shared.screen import need_screen, open_screen

if TYPE_CHECKING:
    from rolltrain_tui.tui.launch import Launch


class Turn(click.ParamType):  # type: ignore[type-arg]  # older clicks know no argument here
    """412, 50%, start or end. It stays text until the length of the recording is known."""

    name = "TURN"

    def convert(self, value: object, param: click.Parameter | None, context: click.Context | None) -> str:
        from rolltrain_tui.runs.log.recording import as_turn

        if as_turn(str(value), 1) is None:
            self.fail(f"{value!r} is no turn: a number, a part such as 50%, start or end.", param, context)
        return str(value)


@click.command()
@click.argument("run", metavar="RUN|CHRONICLE")
@click.option("--from", "start", type=Turn(), help="The turn to begin with: 412, 50%, start, end.")
@click.option("--until", "end", type=Turn(), help="With --plain: the last turn to tell.")
@click.option("--speed", type=click.IntRange(1, 64), metavar="1-64", help="Turns a second; a plain replay tells all at once without it.")
@click.option("--plain", is_flag=True, help="Tell the story in sentences, without the screen.")
@click.option(
    "--every",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="In the plain story, tell the roll of every Nth turn only.",
)
@options.RUNS
def replay(run: str, start: str | None, end: str | None, speed: int | None, plain: bool, every: int, out: Path | None) -> int:
    """Watch RUN as if it happened now: pause, go back and forth, 1x to 64x. Nothing is trained and nothing in the run is changed."""
    path = options.run_path(run, out)
    if plain or not sys.stdout.isatty():
        return _tell(path, start, end, speed, every)
    if end is not None:
        raise click.UsageError("--until belongs to --plain; on the screen, the viewer says when.")
    refuse_beside("The screen", "it belongs to --plain", ("every",))
    need_screen("The replay", "With --plain it is told in sentences.")
    from rolltrain_tui.tui.opening import REWINDING

    def launch() -> "Launch":
        from rolltrain_tui.runs.log.recording import Recording
        from rolltrain_tui.runs.root import saves_root
        from rolltrain_tui.tui.launch import Launch

        read = Recording(path) if start else None  # read once, also where the turn must be compared with its end
        first = _turn(str(start), "--from", read.last) if read else None
        return Launch(recording=read or path, start=first, tempo=speed, runs=saves_root(out))

    return open_screen(REWINDING, launch)


def _turn(text: str, option: str, last: int) -> int:
    """The turn that an option names, of a recording up to `last`. UsageError."""
    from rolltrain_tui.runs.log.recording import as_turn

    turn = as_turn(text, last)
    assert turn is not None
    if turn > last:
        raise click.UsageError(f"{option} {text}: the recording ends with turn {last}.")
    return turn


def _tell(path: Path, start: str | None, end: str | None, speed: int | None, every: int) -> int:
    from rolltrain_tui.base.safe_text import flat
    from rolltrain_tui.plain.signals import caught
    from rolltrain_tui.plain.views import PlainView, SafeStream
    from rolltrain_tui.protocol.inbox import Inbox
    from rolltrain_tui.runs.log.event_log import BEGINNING
    from rolltrain_tui.runs.log.recording import Recording
    from rolltrain_tui.story.scene import Scene

    recording = Recording(path)
    first, last = (_turn(text, option, recording.last) if text else None for text, option in ((start, "--from"), (end, "--until")))
    if first is not None and last is not None and first > last:
        raise click.UsageError(f"--until {end} lies before --from {start}, so there is nothing to tell.")
    inbox = Inbox()
    inbox.set_speed(speed)
    voice = SafeStream(sys.stdout, unheard=inbox.stop)
    view = PlainView(voice, every)
    scene, place = recording.at(first - 1) if first else (Scene(), BEGINNING)
    view.open(scene, recording.last)
    with caught(inbox.stop) as signal:
        for happened in recording.turns(place):
            if voice.lost or (last is not None and happened[0].turn > last) or not inbox.wait_for_turn():
                break
            for event in happened:
                scene.apply(event)
                view.show(event)
    view.close()
    if recording.note:
        SafeStream(sys.stderr).say(flat(recording.note))
    return signal.exit_code or voice.settled()
