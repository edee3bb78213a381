"""The two leaderboards, never merged: best quality within the budget, and score per energy. They follow from the ledger alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rolltrain_tui.arena.ledger import Entry
from rolltrain_tui.arena.matches import Division, Match, Standing, division_of
from rolltrain_tui.arena.scores import perplexity, quality
from rolltrain_tui.base.statistics import Estimate

By = Literal["quality", "efficiency"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One contender on a board, with the match that its numbers are from."""

    name: str
    fingerprint: str
    score: Estimate
    quality: float
    """Mean over seeds, as are the next two."""
    uniqueness: float
    perplexity: float
    gflop: float
    """Of training, on each seed."""
    efficiency: float
    """Score per GFLOP."""
    match: int
    """Number of the match in the ledger, to be fought again."""
    matches: int
    """How many it has fought in the division."""


def divisions(entries: Sequence[Entry]) -> list[Division]:
    """That have a match, the one fought in last first."""
    found = {division_of(entry.match.terms): entry.number for entry in entries}
    return sorted(found, key=lambda division: -found[division])


def board(entries: Sequence[Entry], division: Division, by: By) -> list[Place]:
    """The best first. Each contender stands with its match of most seeds, of those the first: not with its luckiest.

    The board of efficiency is for those whose score is above that of knowing letter frequencies alone: any score over next to no energy
    would win it otherwise.
    """
    own = [entry for entry in entries if division_of(entry.match.terms) == division]
    fought: dict[tuple[str, str], list[tuple[Entry, int]]] = {}
    for entry in own:
        for place, contender in enumerate(entry.match.contenders):
            fought.setdefault((contender.name, contender.fingerprint), []).append((entry, place))
    places = []
    for (name, fingerprint), bouts in fought.items():
        entry, place = max(bouts, key=lambda bout: (bout[0].match.terms.seeds, -bout[0].number))
        standing = entry.match.standings[place]
        if by == "quality" or standing.score.mean > entry.match.terms.floor:
            places.append(_place(name, fingerprint, entry, standing, len(bouts)))
    return sorted(places, key=lambda p: (-(p.score.mean if by == "quality" else p.efficiency), p.name, p.fingerprint))


def _place(name: str, fingerprint: str, entry: Entry, standing: Standing, matches: int) -> Place:
    terms, results = entry.match.terms, standing.results
    return Place(
        name=name,
        fingerprint=fingerprint,
        score=standing.score,
        quality=_mean([quality(result.loss, terms.vocabulary) for result in results]),
        uniqueness=_mean([(result.distinct - result.verbatim) / terms.samples for result in results]),
        perplexity=perplexity(standing.loss),
        gflop=standing.gflop,
        efficiency=standing.score.mean / standing.gflop,
        match=entry.number,
        matches=matches,
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def board_lines(places: Sequence[Place], widest: int = 40, *, marks: bool = True) -> list[str]:
    """A table for people: headings, then a line a place; names are cut at `widest` characters, `marks` are the fingerprints."""
    wide = min(max([len(place.name) for place in places] + [5]), widest)
    head = f"{'score':>6} {'± se':>5} {'perpl.':>7} {'unique':>6} {'GFLOP':>7} {'score/GF':>8} {'match':>5}"
    lines = [f"#   {'agent':<{wide}}  {'is        ' if marks else ''}{head}"]
    for rank, p in enumerate(places, start=1):
        error = f"{p.score.standard_error:5.2f}" if p.score.n > 1 else f"{'-':>5}"
        name = p.name if len(p.name) <= wide else p.name[: wide - 1] + "…"
        mark = f"{p.fingerprint}  " if marks else ""
        lines.append(
            f"{rank:<3} {name:<{wide}}  {mark}{p.score.mean:6.2f} {error} {_short(p.perplexity):>7} {p.uniqueness:6.0%} "
            f"{p.gflop:7.4f} {p.efficiency:8.1f} {'#' + str(p.match):>5}"
        )
    return lines


def _short(value: float) -> str:
    return f"{value:.2f}" if value < 1e4 else f"{value:.0e}" if value < 1e300 else "inf"


def winner_words(match: Match) -> str:
    """Who won: a name, or "a draw"."""
    return match.contenders[match.winner].name if match.winner is not None else "a draw"
