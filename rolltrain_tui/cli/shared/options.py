"""Options that several verbs share, and what they stand for: campaigns, runs, values of a campaign, recorded moves."""

import os
import shlex
import sys
from collections.abc import Callable
from contextlib import suppress
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.cli.shared import plugin_faults

if TYPE_CHECKING:
    from rolltrain_tui.protocol.commands import Command


LONGEST_NAME, LONGEST_PATH = 255, 4000
"""Bytes. A longer name or path is refused here, since each system call would raise another error for it."""


class _FileName(click.Path):
    """A path. An empty one is a mistake, such as a shell variable that is not set: it would mean the current folder."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("it is empty; name a path (is a shell variable not set?).", param, ctx)
        if any(len(os.fsencode(part)) > LONGEST_NAME for part in Path(value).parts) or len(os.fsencode(value)) > LONGEST_PATH:
            self.fail(f"no system takes so long a name; choose one of at most {LONGEST_NAME} characters.", param, ctx)
        return super().convert(value, param, ctx)


FILE = _FileName()
RUNS = click.option("--out", "--runs", "out", type=FILE, metavar="DIR", help="Folder that holds the runs, instead of the usual one.")
RUNS_BESIDE_OUT = click.option("--runs", type=FILE, metavar="DIR", help="Folder that holds the runs, instead of the usual one.")
"""For verbs whose --out is where they write."""
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
SETTINGS = click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Any value of the campaign.")
SHARD_WEIGHTS = click.option(
    "--shard-weights", is_flag=True, help="On many ranks: each keeps a part of weights and moments (FSDP2), not all of them."
)


def shell_word(path: Path) -> str:
    """The path as one word of a shell, which no verb takes for an option."""
    return shlex.quote(f"./{path}" if str(path).startswith("-") else str(path))


def refuse_shards(asked: bool, verb: str) -> None:
    """UsageError where --shard-weights was given to a single process."""
    if asked:
        raise click.UsageError(f"--shard-weights divides the weights among ranks: torchrun --nproc-per-node 2 -m rolltrain_tui {verb} ...")


def together(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options as one, in this order."""

    def decorate(verb: Any) -> Any:
        for option in reversed(options):
            verb = option(verb)
        return verb

    return decorate


campaign_options = together(
    click.option("--steps", type=click.IntRange(min=1), help="Turns, instead of the campaign's number."),
    click.option("--seed", type=int, help="Dice, data and first weights follow from it."),
    click.option("--device", metavar="auto|cpu|cuda|mps", help="Device to train on."),
    click.option("--data", type=FILE, metavar="FILE", help="A UTF-8 text of yours to train on."),
    click.option("--out", "--runs", "out", type=FILE, metavar="DIR", help="Folder that holds the runs and their saves."),
    click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Any value of the campaign: dice.rulebook=off"),
    click.option("--script", type=FILE, metavar="FILE", help="Recorded moves, or a chronicle, to play."),
)
"""The options that `play` and `train` have in common."""


def _secrets(context: click.Context, param: click.Parameter, text: str | None) -> frozenset[str]:
    if text is None:
        return frozenset()
    from rolltrain_tui.story.veil import secrets_of

    try:
        found = frozenset(secrets_of(text))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if not found:
        raise click.BadParameter("it is empty; name what is kept back, or leave the option out (is a shell variable not set?).")
    return found


classroom_options = together(
    click.option("--presenter/--no-presenter", default=None, help="Few large panels, and a pause at each evaluation; as last time."),
    click.option("--cards/--no-cards", "explain", default=True, help="A card explains the first of each kind while the run waits."),
    click.option(
        "--hide",
        "hidden",
        callback=_secrets,
        metavar="WHAT,...",
        help="Kept back until a key reveals it: ghost, floor, verdict, diagnosis, or all.",
    ),
    click.option(
        "--vote-at", type=click.Choice(["key", "encounter"]), default="key", show_default=True, help="When the room votes; key: on e."
    ),
)
"""What a teacher adds to a game before a room; `Launch` takes them as they are."""


def find_campaign(name: str) -> Path:
    """A campaign by its path or its shipped name. CampaignFileError."""
    from rolltrain_tui.config import shipped

    plugin_faults.tell_of_faults()
    return shipped.find(name)


def check_campaign(campaign: Path, overrides: tuple[str, ...], data: Path | None) -> None:
    """CampaignFileError where the campaign with these values is not valid; UsageError where a package that it needs is not installed."""
    from rolltrain_tui.modes import campaign_file

    if missing := campaign_file.load(campaign, overrides, data=data).missing:
        raise click.UsageError(missing)


def run_path(name: str, out: Path | None) -> Path:
    """The run or save that a name stands for, or what lies at that path. SaveError where there is neither."""
    from rolltrain_tui.runs.root import saves_root

    if not name.strip():
        raise click.UsageError("the run's name is empty; `rolltrain saves list` shows those there are (is a shell variable not set?).")
    root = saves_root(out)
    if (found := find_save(name, root)) is not None:
        return found
    if os.path.lexists(name):
        return Path(name)
    from rolltrain_tui.runs.saves import SaveError

    names: list[str] = []
    with suppress(OSError):  # of a path, its own folder is searched
        folder = Path(name).parent
        names = [run.name for run in root.iterdir()] if folder == Path() else [str(each) for each in folder.iterdir()]
    near = get_close_matches(name, [each for each in names if each != name], n=1)
    remedy = f"did you mean {printable(near[0])}?" if near else "`rolltrain saves list` shows those there are"
    raise SaveError(f"there is no run or save '{printable(name)}', neither here nor in {printable(root)}; {remedy}")


def confirm(question: str) -> None:
    """Ask before something is removed for good. Abort at a no; UsageError where nobody answers."""
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise click.UsageError("nobody answered, and nothing was removed; --yes removes without a question.") from None
    if not agreed:
        raise click.Abort


def refuse_other_text(data: Path | None) -> None:
    """UsageError where --data is given for a save."""
    if data is not None:
        raise click.UsageError("--data belongs to a new campaign; a save goes on with the text it was made with.")


def own_text(data: Path | None) -> Path | None:
    """The file that --data names. UsageError where it is no file that a run could read again later."""
    if data is None:
        return None
    if os.path.lexists(data) and not str(data.absolute()).startswith(("/dev/", "/proc/")):
        return data
    if str(data) == "-":
        raise click.UsageError("--data -: standard input is not read; save the text to a file and name that.")
    if str(data).startswith("~"):
        with suppress(RuntimeError):  # there is no such user
            return data.expanduser()
    real = data.resolve()  # /dev/stdin is another name of a file, or of a pipe
    if real.is_file() and data.exists() and real.samefile(data):
        return real
    return data


def chronicle_path(name: str, runs: Path | None) -> Path:
    """The chronicle of a run, of a run that holds this save, or the chronicle itself. ExportError."""
    from rolltrain_tui.exports.export import chronicle_of

    return chronicle_of(run_path(name, runs))


def find_save(name: str, root: Path) -> Path | None:
    """The run or save folder that a name stands for: a path, or the name of a run under `root`."""
    with suppress(OSError, ValueError):
        for path in (Path(name), root / name):
            if name and path.is_dir():
                return path
    return None


def read_moves(script: Path | None) -> "list[tuple[int, Command]]":
    """The recorded moves in a script or a chronicle. ValueError says which line is wrong."""
    if script is None:
        return []
    from rolltrain_tui.base import rotating_log
    from rolltrain_tui.runs import layout
    from rolltrain_tui.runs.log import event_codec, event_log

    try:
        with event_log.text(script) if rotating_log.full(script) else script.open(encoding="utf-8") as lines:
            # Pieces of bounded length: a device, or a file of one endless line, would fill the memory.
            return event_codec.moves(iter(partial(lines.readline, event_codec.MAX_LINE + 1), ""))
    except IsADirectoryError:
        raise click.UsageError(f"--script {script}: this is a folder; name a file of moves, or a run's {layout.CHRONICLE}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"--script {script}: {error.strerror if isinstance(error, OSError) else 'not UTF-8 text'}.") from None
    except event_codec.WireError as error:
        raise event_codec.WireError(f"--script {script}: {error}") from None


def overrides(
    campaign: Path | None, *, data: Path | None, steps: int | None, seed: int | None, device: str | None, settings: tuple[str, ...]
) -> tuple[str, ...]:
    """The options as `path=value`; the values of --set come first, so that an option with a name of its own wins."""
    found = [*settings]
    found += [f"seed={seed}"] if seed is not None else []
    found += [f"device.device={device}"] if device is not None else []
    if steps is not None:
        found += _shortened(campaign, tuple(found), data, steps) if campaign is not None else []
        found += [f"turns={steps}"]
    return tuple(found)


def _shortened(campaign: Path, overrides: tuple[str, ...], data: Path | None, steps: int) -> list[str]:
    """The values that must change with the number of turns, unless the player has set them."""
    from rolltrain_tui.modes import campaign_file

    chosen = {text.partition("=")[0].strip() for text in overrides}
    values = campaign_file.load(campaign, overrides, data=data).shortened(steps)
    fitted = {path: value for path, value in values.items() if not chosen & {path, path.partition(".")[0]}}
    for path, value in fitted.items():
        click.echo(f"{path} becomes {value}, to fit --steps {steps}.", err=True)
    return [f"{path}={value}" for path, value in fitted.items()]
