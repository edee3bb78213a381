"""`rolltrain dungeon`: play a text adventure by yourself, as the models of the dungeon do. Nothing is trained."""

import os
import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.cli.shared import options
from rolltrain_tui.cli.shared.screen import NoScreen, missing_screen

if TYPE_CHECKING:
    from rolltrain_tui.modes.dungeon.table.outing import Outing
    from rolltrain_tui.modes.dungeon.table.rival import Mind
    from rolltrain_tui.modes.dungeon.worlds.protocol import Maker
    from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings
    from rolltrain_tui.tui.terminal.first_picture import FirstPicture

NUMBERS = ("rooms", "locks", "boxes", "loops", "clutter")
MOST_SEEDS = 10_000
MOVES = 50
"""Moves of a watched game, at most."""


@click.command()
@click.option("--seed", type=int, help="Seed of the world: the same everywhere for the same seed; without it any.")
@click.option("--rooms", type=int, metavar="1-16", help="Rooms of the world; 4 without it.")
@click.option("--quest", metavar="coin|cook", help="coin: find it and take it. cook: find the food, cook it and eat it.")
@click.option("--theme", metavar="castle|ship|station", help="What rooms and things are called.")
@click.option("--difficulty", metavar="easy|normal|hard", help="Sets locks, boxes, loops and clutter.")
@click.option("--locks", type=int, metavar="0-6", help="Locked doors at most, each with a key.")
@click.option("--boxes", type=int, metavar="0-3", help="Closed containers beside the chest; the first hide keys.")
@click.option("--loops", type=int, metavar="0-12", help="Ways at most beyond those that join all rooms.")
@click.option("--clutter", type=int, metavar="0-4", help="Things without a purpose.")
@click.option("--sparse", is_flag=True, help="Give one point, for winning, instead of one for each deed.")
@click.option(
    "--textworld", "foreign", metavar="KIND|FILE", help="A game of TextWorld's instead: coin_collector, cooking ..., or a .z8 file."
)
@click.option("--against", metavar="RUN|random|guide", help="A race: the model of a run, or who else plays beside you.")
@click.option("--watch", metavar="RUN|random|guide", help="Watch the model of a run play by itself, in lines.")
@click.option("--games", type=click.IntRange(1, 100_000), help="With --watch: worlds, one seed after another; 1 without it.")
@click.option("--limit", type=click.IntRange(1, 10_000), help="With --watch: moves of a game at most; 50 without it.")
@click.option("--record", type=options.FILE, metavar="FILE", help="Write the games as JSON lines: prompt, action, reward parts.")
@click.option("--plain", is_flag=True, help="Play in lines, without the screen; commands may come from a pipe.")
@options.RUNS
def dungeon(
    foreign: str | None,
    against: str | None,
    watch: str | None,
    games: int | None,
    limit: int | None,
    record: Path | None,
    plain: bool,
    **given: Any,
) -> int:
    """Play a text adventure of the dungeon by yourself. Nothing is trained.

    Type commands, the beginnings of their words (g n is go north), or their numbers.
    """
    if watch is not None and against is not None:
        raise click.UsageError("--watch and --against: in a race you play yourself; give one of them.")
    if watch is None and (games is not None or limit is not None):
        raise click.UsageError("--games and --limit belong to --watch; by yourself you play as long as you like.")
    if record is not None and not record.parent.is_dir():
        raise click.UsageError(f"--record {printable(record)}: there is no folder {printable(record.parent)}; make it first.")
    if record is not None and (record.is_dir() or not os.access(record.parent, os.W_OK)):
        raise click.UsageError(f"--record {printable(record)} cannot be written there; name a file in a folder of yours.")
    if watch is not None:
        maker, mind, first = _seats(foreign, watch, given)
        assert mind is not None, "somebody was named"
        return _watch(maker, mind, range(first, first + (games or 1)), limit or MOVES, record)
    from rolltrain_tui.tui import opening
    from rolltrain_tui.tui.terminal.first_picture import FirstPicture

    with FirstPicture() as picture:
        reason = "" if plain else missing_screen()
        if not (plain or reason):
            picture.show(partial(opening.loading, opening.DIGGING))
        from rolltrain_tui.modes.dungeon.table.outing import Outing

        maker, mind, first = _seats(foreign, against, given)
        if reason:
            raise NoScreen(f"The dungeon's screen needs a terminal to draw on, and {reason}. With --plain it is played in lines.")
        with closing(Outing(maker, first, mind, record)) as outing:
            return _play_in_lines(outing) if plain else _play_on_screen(outing, picture)


def _play_on_screen(outing: "Outing", picture: "FirstPicture") -> int:
    from rolltrain_tui.tui import play
    from rolltrain_tui.tui.launch import Launch

    def adventure() -> Any:
        from rolltrain_tui.tui.dungeon.play import DungeonScreen

        return DungeonScreen(outing, alone=True)

    return play(Launch(only=adventure), first=picture)


def _seats(foreign: str | None, name: str | None, given: dict[str, Any]) -> "tuple[Maker, Mind | None, int]":
    """The worlds, who of this name plays, and the first seed: the one asked for, or any that a model was not trained in."""
    import secrets

    from rolltrain_tui.modes.dungeon.table.rival import MINDS, mind_of
    from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings
    from rolltrain_tui.runs.saves import saves_root

    runs, seed = given.pop("out"), given.pop("seed")
    mind: Mind | None = None
    usual, unseen = WorldSettings(), 0
    if name and name not in MINDS and (found := options.find_save(name, saves_root(runs))) is not None:
        from rolltrain_tui.arena.dungeon import saved_mind

        saved = saved_mind(found)
        mind, usual, unseen = saved.mind, saved.settings, saved.unseen
    elif name is not None:
        mind = mind_of(name)
    style = "own" if name is None or name in MINDS else "house"  # a model reads the sentences that it has learnt
    maker = _built_in(usual, given) if foreign is None else _textworld(foreign, style, given)
    return maker, mind, unseen + secrets.randbelow(MOST_SEEDS) if seed is None else seed


def _watch(maker: "Maker", mind: "Mind", seeds: range, limit: int, record: Path | None) -> int:
    from rolltrain_tui.plain.dungeon import watch
    from rolltrain_tui.plain.views import SafeStream

    voice = SafeStream(sys.stdout)
    watch(maker, mind, seeds, limit, record, voice)
    return voice.settled()


def _built_in(usual: "WorldSettings", given: dict[str, Any]) -> "Maker":
    """What the options say; of the rest, what is usual."""
    from dataclasses import replace

    from rolltrain_tui.modes.dungeon.worlds.built_in import BuiltIn
    from rolltrain_tui.modes.dungeon.worlds.settings import of_difficulty

    chosen = {name: given[name] for name in (*NUMBERS, "quest", "theme") if given[name] is not None}
    settings = replace(usual, **chosen, points="sparse" if given["sparse"] else usual.points)
    if given["difficulty"] is not None:
        kept = {name: chosen[name] for name in NUMBERS if name in chosen}
        settings = of_difficulty(settings, given["difficulty"], **kept)
    return BuiltIn(settings)


def _textworld(name: str, style: str, given: dict[str, Any]) -> "Maker":
    from rolltrain_tui.modes.dungeon.worlds.textworld import TextWorldFile, TextWorlds

    if foreign_to := [f"--{option}" for option, value in given.items() if value is not None and value is not False]:
        raise click.UsageError(f"{', '.join(foreign_to)}: of the built-in worlds; a game of TextWorld has its own size.")
    if name.endswith(".z8") or Path(name).exists():
        return TextWorldFile(Path(name), style)
    maker = TextWorlds(name, style=style)
    click.echo("TextWorld makes its games; that takes seconds for each.", err=True)
    return maker


def _play_in_lines(outing: "Outing") -> int:
    from rolltrain_tui.plain.dungeon import play
    from rolltrain_tui.plain.listening import lines_of
    from rolltrain_tui.plain.views import SafeStream

    voice = SafeStream(sys.stdout)
    play(outing, lines_of(sys.stdin), voice, echo=not sys.stdin.isatty())
    return voice.settled()
