"""The verbs about battles: battle, tournament, leaderboard, ratings, verify. They join the group of verbs/arena.py."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.cli.arena import ArenaGroup, as_json_text
from rolltrain_tui.cli.exit_codes import DONE, FAILED, INTERRUPTED

if TYPE_CHECKING:
    from rolltrain_tui.arena.boards import By
    from rolltrain_tui.arena.matches import Division, Match, Terms
    from rolltrain_tui.arena.roster import Roster
    from rolltrain_tui.arena.tournament import Tournament

_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")
_TERMS = (
    click.option("--steps", type=click.IntRange(min=1), help="Budget: as many steps for each.  [default: 200]"),
    click.option("--gflop", type=click.FloatRange(min=0, min_open=True), help="Budget: as much training as this energy pays for."),
    click.option("--seeds", type=click.IntRange(1, 64), default=5, show_default=True, help="On how many seeds."),
    click.option("--seed", "first_seed", type=click.IntRange(min=0), default=0, show_default=True, help="The first of them."),
    click.option("--samples", type=click.IntRange(1, 4096), default=64, show_default=True, help="Lines each writes on each seed."),
    click.option("--temperature", type=click.FloatRange(0.01, 100), default=1.0, show_default=True, help="Of the writing."),
    click.option("--start", type=click.Choice(["fresh", "trained"]), default="fresh", show_default=True, help="From which weights."),
    click.option("--data", metavar="names|tales|FILE", help="Instead of the text they have in common."),
)


def _terms_options(verb: Any) -> Any:
    for option in reversed(_TERMS):
        verb = option(verb)
    return verb


def join(arena: ArenaGroup) -> None:
    for verb in (battle, tournament, leaderboard, ratings, replay, verify):
        arena.add_command(verb)


@click.command(short_help="Let agents battle.")
@click.argument("agents", nargs=-1, required=True, metavar="AGENT AGENT... [STEPS]")
@_terms_options
@_JSON
@click.pass_obj
def battle(roster: "Roster", /, agents: tuple[str, ...], as_json: bool, **given: Any) -> int:
    """Two agents or more train on the same data in the same order, write, and are judged: battle Tiny Big 200

    Tiny:wizard fights as a hero, with dice, beside its control arm; barbarian, wizard and rogue can, and /RULEBOOK names another rulebook.
    """
    agents, given = _with_steps(agents, given)
    terms, found = _terms(roster, agents, given)
    from rolltrain_tui.arena.battle_events import BattleEnded
    from rolltrain_tui.arena.commentary import Commentator
    from rolltrain_tui.arena.orders import enter
    from rolltrain_tui.arena.stadium import Stadium
    from rolltrain_tui.cli.arena_training import interruptible, progress

    stadium, commentator, match = Stadium(roster.root), Commentator(), None
    with interruptible() as asked:
        for event in stadium.fight(terms, enter(stadium, terms, found), stopped=lambda: bool(asked)):
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
    number = len(stadium.ledger.read()[0])
    if as_json:
        click.echo(as_json_text(match_record(number, match)))
    else:
        click.echo(f"Match #{number}, {match.seconds:.1f} s. Again, and compared: rolltrain arena verify {number}", err=True)
    return DONE


def _with_steps(agents: tuple[str, ...], given: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """`battle a b 200`: a last word that is a number is the budget in steps."""
    if len(agents) > 1 and agents[-1].isdigit() and given["steps"] is None and given["gflop"] is None:
        return agents[:-1], {**given, "steps": int(agents[-1])}
    return agents, given


def _terms(roster: "Roster", agents: Sequence[str], given: dict[str, Any]) -> tuple["Terms", list[Any]]:
    from rolltrain_tui.arena.matches import check_contenders, contender_of, terms_for
    from rolltrain_tui.arena.orders import entries_of

    steps, gflop, data = given.pop("steps"), given.pop("gflop"), given.pop("data")
    if steps is not None and gflop is not None:
        raise click.UsageError("The budget is in --steps or in --gflop, not in both.")
    found = entries_of(agents, roster)
    unit, budget = ("gflop", gflop) if gflop is not None else ("steps", float(steps or 200))
    terms = terms_for([entry.champion.agent for entry in found], corpus=data, unit=unit, budget=budget, **given)
    check_contenders(tuple(contender_of(entry.champion, "fresh", entry.hero, entry.rulebook) for entry in found))
    return terms, found


def match_record(number: int, match: "Match") -> dict[str, Any]:
    """JSON values of a match, with what follows from it."""
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
@click.option("--rounds", type=click.IntRange(min=1), help="Of a Swiss tournament.")
@click.option("--name", default=None, metavar="NAME", help="To go on with it by; else it is made up.")
@click.option("--resume", metavar="NAME", help="Go on with a tournament that was interrupted.")
@_terms_options
@_JSON
@click.pass_obj
def tournament(
    roster: "Roster",
    /,
    agents: tuple[str, ...],
    kind: Any,
    rounds: int | None,
    name: str | None,
    resume: str | None,
    as_json: bool,
    **given: Any,
) -> int:
    """Everybody against everybody, or Swiss rounds. Killed at any moment, it goes on with --resume NAME."""
    from rolltrain_tui.arena import tournament as tournaments
    from rolltrain_tui.arena.orders import enter
    from rolltrain_tui.arena.stadium import Stadium

    stadium = Stadium(roster.root)
    if (resume is None) == (not agents):
        raise click.UsageError("Name the agents of a new tournament, or --resume one.")
    if resume is not None:
        cup = tournaments.reopen(roster.root, resume)
    else:
        agents, given = _with_steps(agents, given)
        terms, found = _terms(roster, agents, given)
        cup = tournaments.plan(name or f"cup-{time.strftime('%Y%m%d-%H%M%S')}", kind, terms, enter(stadium, terms, found), rounds)
        tournaments.open_new(roster.root, cup)
    finished = _play(stadium, cup)
    fought = tournaments.results(stadium.ledger.matches(), cup)
    rows = tournaments.table(cup, fought)
    if as_json:
        click.echo(as_json_text({"tournament": cup.name, "matches": len(fought), "finished": finished, "table": _named(cup, rows)}))
    else:
        click.echo("\n".join(tournaments.table_lines(cup, rows)))
    if not finished:
        click.echo(f"Interrupted. Go on with: rolltrain arena tournament --resume {cup.name}", err=True)
    return DONE if finished else INTERRUPTED


def _play(stadium: Any, cup: "Tournament") -> bool:
    from rolltrain_tui.arena import tournament as tournaments
    from rolltrain_tui.arena.battle_events import BattleEnded
    from rolltrain_tui.arena.boards import winner_words
    from rolltrain_tui.cli.arena_training import interruptible, progress

    click.echo(f"Tournament {cup.name}: {cup.kind}, {len(cup.contenders)} agents.", err=True)
    with interruptible() as asked:
        for event in tournaments.play(stadium, cup, stopped=lambda: bool(asked)):
            if isinstance(event, tournaments.PairBegan):
                words = f"round {event.round}, match {event.number} of {event.of}: {event.names[0]} against {event.names[1]}"
                progress(words)
            elif isinstance(event, BattleEnded):
                progress("")
                scores = " : ".join(f"{standing.score.mean:.1f}" for standing in event.match.standings)
                click.echo(f"{words}: {winner_words(event.match)} ({scores})", err=True)
        return not asked


def _named(cup: "Tournament", rows: Sequence[Any]) -> list[dict[str, Any]]:
    return [{"agent": cup.contenders[row.place].name, **asdict(row)} for row in rows]


def _division(roster: "Roster", number: int | None) -> tuple[Any, "list[Division]", list[Any]]:
    from rolltrain_tui.arena.boards import divisions
    from rolltrain_tui.arena.ledger import Ledger

    entries, flaws = Ledger(roster.root).read()
    if flaws:
        click.echo(f"The ledger has flaws ({len(flaws)}): rolltrain arena verify names them.", err=True)
    found = divisions(entries)
    if number is not None and not 1 <= number <= len(found):
        raise click.UsageError(f"There is no division {number}; there {'is' if len(found) == 1 else 'are'} {len(found)}.")
    return entries, ([found[number - 1]] if number is not None else found), found


@click.command(short_help="The two leaderboards.")
@click.option("--by", type=click.Choice(["quality", "efficiency"]), help="One board only.")
@click.option("--division", "number", type=int, metavar="N", help="One division only, as they are numbered here.")
@_JSON
@click.pass_obj
def leaderboard(roster: "Roster", by: Any, number: int | None, as_json: bool) -> None:
    """Best quality within the budget; and score per GFLOP for whoever beats letter frequencies. One of each for every text and budget."""
    from rolltrain_tui.arena.boards import board, board_lines

    entries, divisions, every = _division(roster, number)
    kinds: list[By] = [by] if by else ["quality", "efficiency"]
    boards = [(division, kind, board(entries, division, kind)) for division in divisions for kind in kinds]
    if as_json:
        found = [{"division": asdict(d), "by": kind, "places": [asdict(p) for p in places]} for d, kind, places in boards]
        click.echo(as_json_text(found))
        return
    if not boards:
        click.echo("No battle has been fought yet: rolltrain arena battle A B 200", err=True)
    for division, kind, places in boards:
        title = "Best quality within the budget" if kind == "quality" else "Efficiency: score per GFLOP, above the floor"
        click.echo(f"{title}\nDivision {every.index(division) + 1}: {division.title}")
        click.echo("\n".join(board_lines(places) if places else ["Nobody is above the floor yet."]) + "\n")


@click.command(short_help="How strong each contender is.")
@click.option("--division", "number", type=int, metavar="N", help="One division only.")
@_JSON
@click.pass_obj
def ratings(roster: "Roster", number: int | None, as_json: bool) -> None:
    """openskill's ratings, reckoned anew from the ledger each time."""
    from rolltrain_tui.arena.ratings import ratings as rate

    entries, divisions, every = _division(roster, number)
    tables = [(division, rate(entries, division)) for division in divisions]
    if as_json:
        click.echo(as_json_text([{"division": asdict(d), "ratings": [asdict(r) for r in rows]} for d, rows in tables]))
        return
    for division, rows in tables:
        click.echo(f"Division {every.index(division) + 1}: {division.title}")
        wide = max([len(row.name) for row in rows] + [5])
        click.echo(f"#   {'agent':<{wide}}  {'is':<8}  {'mu':>6} {'sigma':>6} {'surely':>6}  won drawn lost")
        for rank, r in enumerate(rows, start=1):
            numbers = f"{r.mu:6.2f} {r.sigma:6.2f} {r.ordinal:6.2f}  {r.wins:3} {r.draws:5} {r.losses:4}"
            click.echo(f"{rank:<3} {r.name:<{wide}}  {r.fingerprint}  {numbers}")
        click.echo("")


@click.command(short_help="Watch a recorded match again.")
@click.argument("number", type=click.IntRange(min=1), metavar="MATCH")
@click.pass_obj
def replay(roster: "Roster", number: int) -> int:
    """Fight match MATCH of the ledger again, with commentary; nothing is recorded."""
    from rolltrain_tui.arena.agents import AgentError
    from rolltrain_tui.arena.battle_events import BattleEnded
    from rolltrain_tui.arena.commentary import Commentator
    from rolltrain_tui.arena.stadium import Stadium

    stadium, commentator, same = Stadium(roster.root), Commentator(), False
    match = next((entry.match for entry in stadium.ledger.matches() if entry.number == number), None)
    if match is None:
        raise AgentError(f"there is no match #{number} that can be read; rolltrain arena verify looks at the ledger")
    for event in stadium.fight(match.terms, match.contenders, record=False):
        for line in commentator.tell(event):
            click.echo(line)
        if isinstance(event, BattleEnded):
            same = event.match.standings == match.standings
    click.echo(f"{'✔ The same as' if same else '✖ It ended otherwise than'} match #{number}{', to the last bit' if same else ''}.")
    return DONE if same else FAILED


@click.command(short_help="Fight recorded matches again, and compare.")
@click.argument("numbers", nargs=-1, type=int, metavar="[MATCH...]")
@_JSON
@click.pass_obj
def verify(roster: "Roster", numbers: tuple[int, ...], as_json: bool) -> int:
    """Check the ledger's lines, and fight every match (or those with these numbers) again: a row that was tampered with is found."""
    from rolltrain_tui.arena.stadium import Stadium
    from rolltrain_tui.arena.verify import verify as look_at

    findings = []
    for finding in look_at(Stadium(roster.root), numbers or None):
        findings.append(finding)
        if not as_json:
            click.echo(f"{'✔' if finding.ok else '✖'} {finding.words}")
    wrong = sum(not finding.ok for finding in findings)
    if as_json:
        click.echo(as_json_text({"ok": not wrong, "findings": [asdict(finding) for finding in findings]}))
    elif not findings:
        click.echo("The ledger is empty.", err=True)
    return FAILED if wrong else DONE
