"""The verbs of `rolltrain`. Data goes to stdout, talk to stderr.

Torch, textual and pydantic are imported inside the verbs that need them, so that help, check and codex answer at once.
"""

import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rolltrain_tui import __version__
from rolltrain_tui.cli import options, plugin_faults
from rolltrain_tui.cli.arena import arena
from rolltrain_tui.cli.branches import branch, diff
from rolltrain_tui.cli.compare import compare
from rolltrain_tui.cli.diagnose import diagnose
from rolltrain_tui.cli.exit_codes import DONE, WRONG_USE, exit_code_of, open_streams, settle_streams
from rolltrain_tui.cli.export import export, plot
from rolltrain_tui.cli.replay import replay
from rolltrain_tui.cli.saves import saves
from rolltrain_tui.cli.screen import missing_screen
from rolltrain_tui.cli.verify import verify

FILE = click.Path(path_type=Path)


def main() -> None:
    """The entry point of `rolltrain`."""
    open_streams()
    # Read when torch is loaded. OpenMP threads that spin without end at their barriers train two to three times slower beside any other
    # busy program; those that spin too briefly cost a wake-up at every operation.
    os.environ.setdefault("GOMP_SPINCOUNT", "50000")
    warnings.filterwarnings("ignore", "Failed to initialize NumPy", UserWarning)  # torch says so where NumPy is absent; it is not needed
    code = exit_code_of(lambda: rolltrain(prog_name="rolltrain", standalone_mode=False))
    plugin_faults.tell_of_faults()
    settle_streams()
    sys.exit(code)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, "--version", message="rolltrain %(version)s")
@click.pass_context
def rolltrain(context: click.Context) -> None:
    """A role-playing game in which every turn is one real optimiser step of a real PyTorch model.

    Begin with: rolltrain play
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def _campaign_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """What `play` and `train` have in common."""
    for option in reversed(
        (
            click.option("--steps", type=click.IntRange(min=1), help="Turns, instead of the campaign's number."),
            click.option("--seed", type=int, help="Dice, data and first weights follow from it."),
            click.option("--device", metavar="auto|cpu|cuda|mps", help="Where to train."),
            click.option("--data", type=FILE, metavar="FILE", help="A UTF-8 text of yours to train on."),
            click.option("--out", type=FILE, metavar="DIR", help="Folder that holds the runs and their saves."),
            click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Any value of the campaign: dice.rulebook=off"),
            click.option("--script", type=FILE, metavar="FILE", help="Recorded moves, or a chronicle, to play."),
        )
    ):
        verb = option(verb)
    return verb


@rolltrain.command()
@click.argument("what", required=False, metavar="[CAMPAIGN|SAVE]")
@_campaign_options
def play(what: str | None, out: Path | None, data: Path | None, script: Path | None, **given: Any) -> int:
    """Open the game. CAMPAIGN is a file or a shipped name, SAVE a run or save folder; without one, the title screen."""
    if reason := missing_screen():
        return _offer_train(reason, what, data, given)
    from rolltrain_tui.runs.saves import saves_root
    from rolltrain_tui.tui import play as play_game
    from rolltrain_tui.tui.launch import Launch

    root = saves_root(out)
    save = options.find_save(what, root) if what else None
    campaign = options.find_campaign(what) if what and save is None else None
    overrides = options.overrides(campaign, data=data, **given)
    if campaign is not None:
        _check(campaign, overrides, data)
    moves = tuple(options.read_moves(script))
    return play_game(Launch(campaign=campaign, save=save, overrides=overrides, data=data, runs=root, moves=moves))


@rolltrain.command(short_help="Play a campaign without a screen.")
@click.argument("campaign", required=False)
@_campaign_options
@click.option("--resume", metavar="SAVE|RUN", help="Go on from a save folder, or from the latest save of a run.")
@click.option("--plain", is_flag=True, help="The story, a sentence an event; commands are typed as lines (type help).")
@click.option("--every", type=click.IntRange(min=1), metavar="N", help="In the plain story, tell the roll of every Nth turn only.")
@click.option("--json", "as_json", is_flag=True, help="End with one JSON object on stdout; all talk goes to stderr.")
def train(campaign: str | None, resume: str | None, plain: bool, every: int | None, as_json: bool, **given: Any) -> int:
    """Play a campaign without a screen: a progress bar on a terminal, plain sentences into a pipe."""
    if (campaign is None) == (resume is None):
        raise click.UsageError("Name a campaign to begin, or --resume a save.")
    from rolltrain_tui.plain.run import PlainOptions, run

    out, data, script = given.pop("out"), given.pop("data"), given.pop("script")
    moves = options.read_moves(script)
    expedition = _resumed(str(resume), out, data, given) if campaign is None else _begun(campaign, out, data, given)
    code, result = run(expedition, PlainOptions(plain=plain, as_json=as_json, every=every), moves)
    if as_json:
        click.echo(json.dumps(result, indent=2, allow_nan=False))
    return code


def _begun(name: str, out: Path | None, data: Path | None, given: dict[str, Any]) -> Any:
    from rolltrain_tui.config import campaign_file
    from rolltrain_tui.config.overrides import without_own_text
    from rolltrain_tui.runs.saves import saves_root

    path = options.find_campaign(name)
    overrides, text = without_own_text(options.overrides(path, data=data, **given))
    data = data or text
    config = campaign_file.load(path, overrides, data=data)
    from rolltrain_tui.game.baseline import place as ghost_of
    from rolltrain_tui.runs.run import Run  # after the campaign is known to be good: this loads torch

    return Run.begin(config, base=(data or path).parent, runs=saves_root(out), ghost_file=ghost_of(path))


def _resumed(name: str, out: Path | None, data: Path | None, given: dict[str, Any]) -> Any:
    from rolltrain_tui.runs.saves import saves_root

    if data is not None:
        raise click.UsageError("--data belongs to a new campaign; a save goes on with the text it was made with.")
    folder = options.find_save(name, saves_root(out)) or Path(name)
    from rolltrain_tui.runs.run import Run

    return Run.resume(folder, options.overrides(None, data=None, **given))


def _check(campaign: Path, overrides: tuple[str, ...], data: Path | None) -> None:
    from rolltrain_tui.config import campaign_file

    campaign_file.load(campaign, overrides, data=data)


def _offer_train(reason: str, what: str | None, data: Path | None, given: dict[str, Any]) -> int:
    """Without a terminal, say so and offer the same game in plain sentences."""
    import shlex

    from rolltrain_tui.runs.saves import saves_root

    words = ["rolltrain", "train"]
    words += ["--resume", what] if what and options.find_save(what, saves_root(None)) else [what or "tutorial"]
    words += [word for name in ("steps", "seed", "device") if given[name] is not None for word in (f"--{name}", str(given[name]))]
    words += ["--data", str(data)] if data else []
    words += [word for setting in given["settings"] for word in ("--set", setting)]
    click.echo(f"The game needs a terminal to draw on, and {reason}.\nThe same game in plain sentences:\n", err=True)
    click.echo(f"  {shlex.join([*words, '--plain'])}", err=True)
    return WRONG_USE


@rolltrain.command(short_help="Record a campaign's plain run, to race against.")
@click.argument("campaign")
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Any value of the campaign.")
@click.option("--out", type=FILE, metavar="FILE", help="Where to keep it, instead of ghosts/NAME.json beside the campaign.")
def ghost(campaign: str, settings: tuple[str, ...], out: Path | None) -> int:
    """Train CAMPAIGN plainly, without dice, monsters, twin or abilities, and record its losses: the ghost on the chart, and the bar of the
    gates at the camps."""
    from rolltrain_tui.config import campaign_file
    from rolltrain_tui.config.overrides import without_own_text

    path = options.find_campaign(campaign)
    overrides, text = without_own_text(settings)
    config = campaign_file.load(path, overrides, data=text)
    from rolltrain_tui.cli import ghost  # this loads torch
    from rolltrain_tui.game.baseline import place

    return ghost.run(config, base=(text or path).parent, target=out or place(path))


@rolltrain.command(short_help="Write a complete, commented campaign.")
@click.argument("kind")
@click.argument("path", required=False, type=FILE)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def new(kind: str, path: Path | None, force: bool) -> None:
    """Write a complete, commented campaign of KIND (supervised) to PATH, or to stdout."""
    from rolltrain_tui.config import campaign_file

    text = campaign_file.template(kind)
    if path is None:
        click.echo(text, nl=False)
        return
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise click.UsageError(f"{path} is there already; --force writes over it.") from None
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}.") from None
    click.echo(f"Written: {path}. Try it with: rolltrain play {path}", err=True)


@rolltrain.command(short_help="Validate campaign files.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file.")
def check(files: tuple[str, ...], as_json: bool) -> int:
    """Validate campaign files: every mistake with file:line:column, and what to do about it."""
    from rolltrain_tui.config import campaign_file

    wrong = 0
    for name in files:
        try:
            config = campaign_file.load(campaign_file.find(name))
        except campaign_file.CampaignFileError as error:
            wrong += 1
            found, line = {"file": name, "ok": False, "errors": str(error).splitlines()}, str(error)
        else:
            found = {"file": name, "ok": True, "errors": []}
            line = f"{name}: good. {config.name}, {config.turns} turns, rulebook {config.dice.rulebook}."
        click.echo(json.dumps(found) if as_json else line, err=not (found["ok"] or as_json))
    return WRONG_USE if wrong else DONE


@rolltrain.command()
def schema() -> None:
    """The JSON schema of campaign files, for editors."""
    from rolltrain_tui.config import campaign_file

    click.echo(json.dumps(campaign_file.json_schema(), indent=2))


@rolltrain.command(short_help="What every mechanic does to the training.")
@click.argument("slug", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def codex(slug: str | None, as_json: bool) -> None:
    """What every mechanic really does to the training; without SLUG, the list of pages."""
    from dataclasses import asdict

    from rolltrain_tui.story import codex as book

    shown = [book.page(slug)] if slug else book.pages()
    if as_json:
        click.echo(json.dumps(asdict(shown[0]) if slug else [asdict(page) for page in shown], indent=2))
    elif slug:
        _show_markdown(shown[0].text)
    else:
        click.echo(book.contents())


def _show_markdown(text: str) -> None:
    """Typeset on a terminal, as it is into a pipe."""
    if not sys.stdout.isatty():
        click.echo(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    console.print(Markdown(text), width=min(console.width, 100))


@rolltrain.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--out", type=FILE, metavar="DIR", help="Folder that holds the runs, instead of the usual one.")
def doctor(as_json: bool, out: Path | None) -> None:
    """Will it run here, and how fast?"""
    from rolltrain_tui.cli import doctor as clinic

    findings = clinic.examine(out, progress=lambda what: click.echo(f"{what} ...", err=True))
    click.echo(json.dumps(findings, indent=2) if as_json else clinic.report(findings))


@rolltrain.command(short_help="Measure the game against a bare loop.")
@click.argument("campaign")
@click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Any value of the campaign.")
@click.option("--blocks", type=click.IntRange(min=2), default=12, show_default=True, help="Blocks of turns each contestant plays.")
@click.option("--turns", type=click.IntRange(min=1), default=20, show_default=True, help="Turns in a block.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def bench(campaign: str, settings: tuple[str, ...], blocks: int, turns: int, as_json: bool) -> None:
    """A bare PyTorch loop, the headless campaign and the game in a terminal, interleaved in one run and compared."""
    _check(path := options.find_campaign(campaign), settings, None)
    from rolltrain_tui.bench import contest

    result = contest.run(path, settings, blocks=blocks, turns=turns)
    click.echo(contest.as_json(result) if as_json else contest.table(result))


rolltrain.add_command(arena)
rolltrain.add_command(diagnose)
rolltrain.add_command(compare)
rolltrain.add_command(export)
rolltrain.add_command(plot)
rolltrain.add_command(replay)
rolltrain.add_command(verify)
rolltrain.add_command(branch)
rolltrain.add_command(diff)
rolltrain.add_command(saves)
