"""Verbs that fight: battle, tournament."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.base.json_answers import json_text
from rolltrain_tui.cli.arena.common import interruptible, progress
from rolltrain_tui.cli.shared.beside import refuse_beside
from rolltrain_tui.cli.shared.executors import executor, executor_options
from rolltrain_tui.cli.shared.exit_codes import DONE, FAILED, INTERRUPTED
from rolltrain_tui.cli.shared.options import AS_JSON, together

if TYPE_CHECKING:
    from rolltrain_tui.arena.agents.roster import Roster
    from rolltrain_tui.arena.battles.battles import Battles, Entrant
    from rolltrain_tui.arena.battles.matches import Match, Terms
    from rolltrain_tui.arena.battles.tournament import Tournament

_terms_options = together(
    click.option("--steps", type=click.IntRange(min=1), help="Budget: as many steps for each.  [default: 200]"),
    click.option("--gflop", type=click.FloatRange(min=0, min_open=True), help="Budget: as much training as this energy pays for."),
    click.option("--seeds", type=click.IntRange(1, 64), default=5, show_default=True, help="How many seeds it is fought on."),
    click.option("--seed", "first_seed", type=click.IntRange(min=0), default=0, show_default=True, help="The first of these seeds."),
    click.option("--samples", type=click.IntRange(1, 4096), default=64, show_default=True, help="Lines each writes on each seed."),
    click.option("--temperature", type=click.FloatRange(0.01, 100), default=1.0, show_default=True, help="Temperature of the writing."),
    click.option("--start", type=click.Choice(["fresh", "trained"]), default="fresh", show_default=True, help="Weights to start from."),
    click.option("--data", metavar="names|tales|FILE", help="Text to learn, instead of the one they share."),
)


@click.command(short_help="Let agents battle.")
@click.argument("agents", nargs=-1, required=True, metavar="AGENT AGENT... [STEPS]")
@_terms_options
@AS_JSON
@click.pass_obj
def battle(roster: "Roster", /, agents: tuple[str, ...], as_json: bool, **given: Any) -> int:
    """Two agents or more train on the same data in the same order, write, and are judged: battle Tiny Big 200

    Tiny:wizard fights as a hero, with dice, beside its control arm; barbarian, wizard and rogue can, and /RULEBOOK names another rulebook.
    """
    agents, given = _with_steps(agents, given)
    terms, found = _terms(roster, agents, given)
    from rolltrain_tui.arena.battles.battles import Battles
    from rolltrain_tui.arena.battles.commentary import Commentator
    from rolltrain_tui.arena.battles.events import BattleEnded

    battles, commentator, match = Battles(roster.root), Commentator(), None
    with interruptible() as asked:
        for event in battles.fight(terms, battles.enter(terms, found), stopped=lambda: bool(asked)):
            for line in commentator.tell(event):
                progress("")
                click.echo(line, err=as_json)
            if (done := getattr(event, "done", None)) is not None:
                progress(f"{done:4.0%}")
            if isinstance(event, BattleEnded):
                match = event.match
    progress("")
    if match is None:
        click.echo("Stopped: no match was written.", err=True)
        return INTERRUPTED
    number = len(battles.ledger.read()[0])
    if as_json:
        click.echo(json_text(match_record(number, match)))
    else:
        click.echo(f"Match #{number}, {match.seconds:.1f} s. Again, and compared: rolltrain arena verify {number}", err=True)
    return DONE


def _with_steps(agents: tuple[str, ...], given: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """In `battle a b 200` the last word is the budget in steps."""
    if len(agents) > 1 and agents[-1].isdigit() and given["steps"] is None and given["gflop"] is None:
        return agents[:-1], {**given, "steps": int(agents[-1])}
    return agents, given


def _terms(roster: "Roster", agents: Sequence[str], given: dict[str, Any]) -> tuple["Terms", list["Entrant"]]:
    from rolltrain_tui.arena.battles.matches import check_contenders, contender_of, terms_for
    from rolltrain_tui.arena.parse import entrants_of

    steps, gflop, data = given.pop("steps"), given.pop("gflop"), given.pop("data")
    if steps is not None and gflop is not None:
        raise click.UsageError("The budget is in --steps or in --gflop, not in both.")
    found = entrants_of(agents, roster)
    unit, budget = ("gflop", gflop) if gflop is not None else ("steps", float(steps or 200))
    terms = terms_for([entry.champion.agent for entry in found], corpus=data, unit=unit, budget=budget, **given)
    check_contenders(tuple(contender_of(entry.champion, "fresh", entry.hero, entry.rulebook) for entry in found))
    return terms, found


def match_record(number: int, match: "Match") -> dict[str, Any]:
    """JSON values: the fields of a match, and scores and losses computed from them."""
    standings = [
        {
            "agent": contender.name,
            "fingerprint": contender.fingerprint,
            **asdict(standing),
            "score": standing.score.mean,
            "standard_error": standing.score.standard_error,
            "loss": standing.loss,
        }
        for contender, standing in zip(match.contenders, match.standings, strict=True)
    ]
    winner = match.contenders[match.winner].name if match.winner is not None else None
    return {"match": number, "winner": winner, "terms": asdict(match.terms), "standings": standings, "seconds": match.seconds}


@click.command(short_help="A tournament of many agents.")
@click.argument("agents", nargs=-1, metavar="AGENT...")
@click.option("--kind", type=click.Choice(["round-robin", "swiss"]), default="round-robin", show_default=True)
@click.option("--rounds", type=click.IntRange(min=1), help="Rounds of a Swiss tournament.")
@click.option("--name", default=None, metavar="NAME", help="Its name, for --resume; else one is made up.")
@click.option("--resume", metavar="NAME", help="Go on with a tournament that was interrupted.")
@_terms_options
@executor_options
@AS_JSON
@click.pass_obj
def tournament(
    roster: "Roster",
    /,
    agents: tuple[str, ...],
    kind: Any,
    rounds: int | None,
    name: str | None,
    resume: str | None,
    workers: int | None,
    ray: str | None,
    as_json: bool,
    **given: Any,
) -> int:
    """Round robin or Swiss rounds. An interrupted tournament continues with --resume NAME.

    With --workers or --ray several matches are fought at once, and the results are the same.
    """
    from rolltrain_tui.arena.battles import tournament as tournaments
    from rolltrain_tui.arena.battles.battles import Battles

    battles = Battles(roster.root)
    if (resume is None) == (not agents):
        raise click.UsageError("Name the agents of a new tournament, or --resume one.")
    if resume is not None:
        refuse_beside("--resume", "the tournament goes on as it was begun", but=("resume", "workers", "ray", "as_json"))
        cup = tournaments.reopen(roster.root, resume)
    else:
        agents, given = _with_steps(agents, given)
        terms, found = _terms(roster, agents, given)
        cup = tournaments.plan(
            f"cup-{time.strftime('%Y%m%d-%H%M%S')}" if name is None else name, kind, terms, battles.enter(terms, found), rounds
        )
        tournaments.open_new(roster.root, cup)
    stopped, lost = _play(battles, cup, workers, ray)
    finished = not stopped and not lost
    fought = tournaments.results(battles.ledger.matches(), cup)
    rows = tournaments.table(cup, fought)
    if as_json:
        click.echo(json_text({"tournament": cup.name, "matches": len(fought), "finished": finished, "table": _named(cup, rows)}))
    else:
        click.echo("\n".join(tournaments.table_lines(cup, rows)))
    if not finished:
        why = f"{lost} {'match was' if lost == 1 else 'matches were'} lost" if lost else "Interrupted"
        click.echo(f"{why}. Go on with what is missing: rolltrain arena tournament --resume {cup.name}", err=True)
    return INTERRUPTED if stopped else FAILED if lost else DONE


def _play(battles: "Battles", cup: "Tournament", workers: int | None, ray: str | None) -> tuple[bool, int]:
    """Whether it was interrupted, and how many matches were lost. Several are fought at once where workers are asked for."""
    from rolltrain_tui.arena.battles import many_at_once
    from rolltrain_tui.arena.battles import tournament as tournaments
    from rolltrain_tui.arena.battles.events import BattleEnded, PairBegan
    from rolltrain_tui.base.safe_text import one_line

    lost = 0
    with ExitStack() as open_workers, interruptible() as asked:
        if workers is None and ray is None:
            click.echo(f"Tournament {cup.name}: {cup.kind}, {len(cup.contenders)} agents.", err=True)
            events: Iterator[object] = tournaments.play(battles, cup, lambda: bool(asked))
        else:
            events = many_at_once.play(battles, cup, open_workers.enter_context(executor(workers, ray)), lambda: bool(asked))
        for event in events:
            if isinstance(event, PairBegan):
                words = tournaments.pair_words(event)
                progress(words)
            elif isinstance(event, BattleEnded):
                progress("")
                click.echo(f"{words}: {tournaments.end_words(event.match)}", err=True)
            elif isinstance(event, many_at_once.BoutLost):
                lost += 1
                click.echo(f"{tournaments.pair_words(event.pair)}: lost. {one_line(event.why, 200)}", err=True)
        return bool(asked), lost


def _named(cup: "Tournament", rows: Sequence[Any]) -> list[dict[str, Any]]:
    return [{"agent": cup.contenders[row.place].name, **asdict(row)} for row in rows]
