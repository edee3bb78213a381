"""`rolltrain duel tournament`: saved networks and fixed players are compared and rated."""

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.json_answers import json_text
from rolltrain_tui.cli.arena.common import interruptible, progress
from rolltrain_tui.cli.shared import options
from rolltrain_tui.cli.shared.beside import refuse_beside
from rolltrain_tui.cli.shared.exit_codes import DONE, INTERRUPTED

if TYPE_CHECKING:
    from rolltrain_tui.arena.duel.cup import Cup
    from rolltrain_tui.modes.duel.table.seats import Seat


@click.command(short_help="A tournament among saved networks and fixed players.")
@click.argument("players", nargs=-1, metavar="[RUN|PLAYER]...")
@click.option("--games", type=int, default=64, show_default=True, help="Starts of each match.")
@click.option("--rounds", type=int, default=2, show_default=True, help="Rounds, each with other starts.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the starts and of chance.")
@click.option("--dimension", type=int, metavar="D", help="Coordinates of a point.  [default: the first network's, or 3]")
@click.option("--points", type=int, metavar="N", help="Points of a start.  [default: the first network's, or 20]")
@click.option("--name", metavar="NAME", help="Its name, for --resume; else one is made up.")
@click.option("--resume", metavar="NAME", help="Go on with a tournament that was interrupted.")
@options.RUNS
@options.AS_JSON
def tournament(players: tuple[str, ...], name: str | None, resume: str | None, out: Path | None, as_json: bool, **given: Any) -> int:
    """All hosts play the same starts at each agent, and all agents at each host; ranks become ratings. Without names, the fixed players.

    Interrupted with Ctrl+C, it goes on with --resume NAME.
    """
    if resume is not None:
        if players:
            raise click.UsageError("--resume goes on with the players of before; leave the others out.")
        refuse_beside("--resume", "the tournament goes on as it was begun", but=("resume", "out", "as_json"))
    from rolltrain_tui.arena.duel import cup as cups
    from rolltrain_tui.arena.duel import store
    from rolltrain_tui.runs.saves import saves_root

    root = saves_root(out)
    if resume is not None:
        cup = store.reopen(root, resume)
        seats = store.again(cup)
    else:
        cup, seats = _new(players, name, root, **given)
        store.open_new(root, cup)
    click.echo(f"Tournament {cup.name}: {counted(len(cup.of('host')), 'host')}, {counted(len(cup.of('agent')), 'agent')}.", err=True)
    with interruptible() as asked:
        for after in cups.played(cup, seats, stopped=lambda: bool(asked)):
            cup = after
            store.write(root, cup)
            result = cup.results[-1]
            progress(f"round {result.round}, {result.role}s at {result.judge}: match {len(cup.results)} of {len(cup.pairings())}")
    progress("")
    finished = len(cup.results) == len(cup.pairings())
    click.echo(json_text(_record(cup, finished)) if as_json else "\n".join(cups.table_lines(cup)))
    if not finished:
        click.echo(f"Interrupted. Go on with: rolltrain duel tournament --resume {cup.name}", err=True)
    return DONE if finished else INTERRUPTED


def _new(players: tuple[str, ...], name: str | None, root: Path, **given: Any) -> "tuple[Cup, list[Seat]]":
    from rolltrain_tui.arena.duel import cup as cups
    from rolltrain_tui.arena.duel import store
    from rolltrain_tui.arena.duel.players import fixed_names, rules_of_first

    names = [(player, options.find_save(player, root)) for player in players or fixed_names()]
    rules = rules_of_first([path for player, path in names if path is not None and player not in fixed_names()])
    terms = cups.Terms(
        **{key: getattr(rules, key) for key in ("highest", "polytope", "limit")},
        **{key: given[key] if given[key] is not None else getattr(rules, key) for key in ("dimension", "points")},
        **{key: given[key] for key in ("games", "rounds", "seed")},
    )
    contenders, seats = store.entered(names, terms)
    return cups.check(
        cups.Cup(name=f"duel-{time.strftime('%Y%m%d-%H%M%S')}" if name is None else name, terms=terms, contenders=contenders)
    ), seats


def _record(cup: "Cup", finished: bool) -> dict[str, Any]:
    """JSON values."""
    from rolltrain_tui.arena.duel.cup import ratings

    roles = {
        f"{role}s": [asdict(rating) | {"losses": rating.losses, "ordinal": rating.ordinal} for rating in ratings(cup, role)]
        for role in ("host", "agent")
    }
    return {"tournament": cup.name, "finished": finished, "terms": asdict(cup.terms), **roles, "matches": [asdict(r) for r in cup.results]}
