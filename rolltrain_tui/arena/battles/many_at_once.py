"""Matches of a tournament side by side, by the workers of an executor. The ledger becomes the same as with one after the other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from rolltrain_tui.arena.agents.agent_file import Champion
from rolltrain_tui.arena.battles.battles import Battles
from rolltrain_tui.arena.battles.events import BattleEnded, PairBegan
from rolltrain_tui.arena.battles.matches import Match
from rolltrain_tui.arena.battles.tournament import Bout, Tournament, began, due, results
from rolltrain_tui.base.jobs import Died, Executor, Stopped


@dataclass(frozen=True, slots=True)
class _Job:
    bout: Bout
    champions: Mapping[str, Champion]
    """The agents that start trained, by hash."""


@dataclass(frozen=True, slots=True)
class BoutLost:
    """A match that could not be fought."""

    pair: PairBegan
    why: str
    """Foreign text."""


def _fight(job: _Job) -> Match:
    from rolltrain_tui.arena.battles.battle import result  # loads torch

    return result(job.bout.terms, job.bout.contenders, job.champions)


def play(battles: Battles, tournament: Tournament, execute: Executor, stopped: Stopped) -> Iterator[PairBegan | BattleEnded | BoutLost]:
    """Fight all matches that are not in the ledger yet: those of a Swiss round at once, of a round robin all.

    Matches are told and written in the order of their numbers. One that is lost leaves a gap: the same call fights it again.
    """
    rounds = range(1, tournament.rounds + 1)
    for together in [rounds] if tournament.kind == "round-robin" else [range(round_, round_ + 1) for round_ in rounds]:
        fought = results(battles.ledger.matches(), tournament)
        jobs = [_Job(bout, battles.weights(bout.contenders)) for round_ in together for bout in due(tournament, round_, fought)]
        waiting, lost = {job.bout.number: job for job in jobs}, False
        done: dict[int, Match | Died] = {}
        for job, found in execute(_fight, jobs, stopped):
            done[job.bout.number] = found
            while waiting and (number := next(iter(waiting))) in done:
                yield from _told(battles, tournament, waiting.pop(number), done[number])
                lost = lost or isinstance(done[number], Died)
        for number, job in waiting.items():  # it was stopped: what is finished is kept, though out of order
            if number in done:
                yield from _told(battles, tournament, job, done[number])
        if lost or stopped():
            return


def _told(battles: Battles, tournament: Tournament, job: _Job, found: Match | Died) -> Iterator[PairBegan | BattleEnded | BoutLost]:
    pair = began(tournament, job.bout)
    if isinstance(found, Died):
        yield BoutLost(pair, found.why)
        return
    match = replace(found, tournament=tournament.name, round=job.bout.round)
    battles.ledger.append(match)
    yield pair
    yield BattleEnded(match)
