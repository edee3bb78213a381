"""Verbs that read the ledger: leaderboard, ratings, replay, verify."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from rolltrain_tui.base.json_answers import json_text
from rolltrain_tui.cli.shared.exit_codes import DONE, FAILED
from rolltrain_tui.cli.shared.options import AS_JSON

if TYPE_CHECKING:
    from rolltrain_tui.arena.agents.roster import Roster
    from rolltrain_tui.arena.battles.leaderboards import By
    from rolltrain_tui.arena.battles.ledger import RecordedMatch
    from rolltrain_tui.arena.battles.matches import Division


def _division(roster: "Roster", number: int | None) -> "tuple[list[RecordedMatch], list[Division], list[Division]]":
    """The ledger, the divisions to show, and all divisions."""
    from rolltrain_tui.arena.battles.leaderboards import divisions
    from rolltrain_tui.arena.battles.ledger import Ledger

    entries, flaws = Ledger(roster.root).read()
    if flaws:
        click.echo(f"The ledger has flaws ({len(flaws)}): rolltrain arena verify names them.", err=True)
    found = divisions(entries)
    if number is not None and not 1 <= number <= len(found):
        raise click.UsageError(f"There is no division {number}; there {'is' if len(found) == 1 else 'are'} {len(found)}.")
    return entries, ([found[number - 1]] if number is not None else found), found


def _say_that_none_was_fought() -> None:
    click.echo("No battle has been fought yet: rolltrain arena battle A B 200", err=True)


@click.command(short_help="The two leaderboards.")
@click.option("--by", type=click.Choice(["quality", "efficiency"]), help="Show one board only.")
@click.option("--division", "number", type=int, metavar="N", help="Show one division only, by its number here.")
@AS_JSON
@click.pass_obj
def leaderboard(roster: "Roster", by: Any, number: int | None, as_json: bool) -> None:
    """Two boards for each text and budget: score within the budget, and score per GFLOP above the floor of letter frequencies."""
    from rolltrain_tui.arena.battles.leaderboards import board, board_lines

    entries, divisions, every = _division(roster, number)
    kinds: list[By] = [by] if by else ["quality", "efficiency"]
    boards = [(division, kind, board(entries, division, kind)) for division in divisions for kind in kinds]
    if as_json:
        found = [{"division": asdict(d), "by": kind, "places": [asdict(p) for p in places]} for d, kind, places in boards]
        click.echo(json_text(found))
        return
    if not boards:
        _say_that_none_was_fought()
    for division, kind, places in boards:
        title = "Best quality within the budget" if kind == "quality" else "Efficiency: score per GFLOP, above the floor"
        click.echo(f"{title}\nDivision {every.index(division) + 1}: {division.title}")
        click.echo("\n".join(board_lines(places) if places else ["No score is above the floor yet."]) + "\n")


@click.command(short_help="How strong each contender is.")
@click.option("--division", "number", type=int, metavar="N", help="Show one division only.")
@AS_JSON
@click.pass_obj
def ratings(roster: "Roster", number: int | None, as_json: bool) -> None:
    """Ratings by openskill, computed from the ledger."""
    from rolltrain_tui.arena.battles.leaderboards import rating_lines
    from rolltrain_tui.arena.battles.leaderboards import ratings as rate

    entries, divisions, every = _division(roster, number)
    tables = [(division, rate(entries, division)) for division in divisions]
    if as_json:
        click.echo(json_text([{"division": asdict(d), "ratings": [asdict(r) for r in rows]} for d, rows in tables]))
        return
    if not tables:
        _say_that_none_was_fought()
    for division, rows in tables:
        click.echo(f"Division {every.index(division) + 1}: {division.title}")
        click.echo("\n".join(rating_lines(rows)) + "\n")


@click.command(short_help="Watch a recorded match again.")
@click.argument("number", type=click.IntRange(min=1), metavar="MATCH")
@click.pass_obj
def replay(roster: "Roster", number: int) -> int:
    """Fight match MATCH of the ledger again, with commentary; nothing is recorded."""
    from rolltrain_tui.arena.agents.agents import AgentError
    from rolltrain_tui.arena.battles.battles import Battles
    from rolltrain_tui.arena.battles.commentary import Commentator
    from rolltrain_tui.arena.battles.events import BattleEnded

    battles, commentator, same = Battles(roster.root), Commentator(), False
    match = next((entry.match for entry in battles.ledger.matches() if entry.number == number), None)
    if match is None:
        raise AgentError(f"there is no match #{number} that can be read; rolltrain arena verify looks at the ledger")
    for event in battles.fight(match.terms, match.contenders, record=False):
        for line in commentator.tell(event):
            click.echo(line)
        if isinstance(event, BattleEnded):
            same = event.match.standings == match.standings
    click.echo(f"{'✔ The same as' if same else '✖ It ended differently from'} match #{number}{', to the last bit' if same else ''}.")
    return DONE if same else FAILED


@click.command(short_help="Fight recorded matches again, and compare.")
@click.argument("numbers", nargs=-1, type=int, metavar="[MATCH...]")
@AS_JSON
@click.pass_obj
def verify(roster: "Roster", numbers: tuple[int, ...], as_json: bool) -> int:
    """Check the ledger's lines, and fight every match (or those with these numbers) again: a row that was tampered with is found."""
    from rolltrain_tui.arena.battles.battles import Battles
    from rolltrain_tui.arena.battles.battles import verify as verify_matches

    findings = []
    for finding in verify_matches(Battles(roster.root), numbers or None):
        findings.append(finding)
        click.echo(f"{'✔' if finding.ok else '✖'} {finding.words}", err=as_json)
    wrong = sum(not finding.ok for finding in findings)
    if as_json:
        click.echo(json_text({"ok": not wrong, "findings": [asdict(finding) for finding in findings]}))
    elif not findings:
        click.echo("The ledger is empty.", err=True)
    return FAILED if wrong else DONE
