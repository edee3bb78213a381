"""The two leaderboards (score within the budget, score per energy) and the ratings. All are computed from the ledger alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from openskill.models import PlackettLuce

from rolltrain_tui.arena.battles.ledger import RecordedMatch
from rolltrain_tui.arena.battles.matches import Division, Standing, division_of
from rolltrain_tui.arena.training.scores import perplexity, quality
from rolltrain_tui.base.statistics import Estimate

By = Literal["quality", "efficiency"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardRow:
    """One contender on a board. All numbers are from one match."""

    name: str
    fingerprint: str
    score: Estimate
    quality: float
    """Mean over seeds."""
    uniqueness: float
    """Mean over seeds."""
    perplexity: float
    """exp of the mean loss over seeds."""
    gflop: float
    """Energy of the training on each seed."""
    efficiency: float
    """Score per GFLOP."""
    match: int
    """Number of the match in the ledger."""
    matches: int
    """Matches of the contender in the division."""


def divisions(entries: Sequence[RecordedMatch]) -> list[Division]:
    """All divisions of the ledger, the one with the latest match first."""
    found = {division_of(entry.match.terms): entry.number for entry in entries}
    return sorted(found, key=lambda division: -found[division])


def board(entries: Sequence[RecordedMatch], division: Division, by: By) -> list[BoardRow]:
    """The rows of a board, best first. A contender is listed with its first match among those with most seeds, not with its luckiest.

    The board of efficiency excludes scores up to that of letter frequencies alone. Without this bound, almost no training would win.
    """
    own = [entry for entry in entries if division_of(entry.match.terms) == division]
    fought: dict[tuple[str, str], list[tuple[RecordedMatch, int]]] = {}
    for entry in own:
        for place, contender in enumerate(entry.match.contenders):
            fought.setdefault((contender.name, contender.fingerprint), []).append((entry, place))
    places = []
    for (name, fingerprint), fights in fought.items():
        entry, place = max(fights, key=lambda fight: (fight[0].match.terms.seeds, -fight[0].number))
        standing = entry.match.standings[place]
        if by == "quality" or standing.score.mean > entry.match.terms.floor:
            places.append(_place(name, fingerprint, entry, standing, len(fights)))
    return sorted(places, key=lambda p: (-(p.score.mean if by == "quality" else p.efficiency), p.name, p.fingerprint))


def _place(name: str, fingerprint: str, entry: RecordedMatch, standing: Standing, matches: int) -> BoardRow:
    terms, results = entry.match.terms, standing.results
    return BoardRow(
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


def board_lines(places: Sequence[BoardRow], widest: int = 40, *, marks: bool = True) -> list[str]:
    """A text table: headings, then one line for each row. Names are cut at `widest` characters; `marks` adds the fingerprints."""
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


# ---------------------------------------------------------------------------------------------------------------------
# Ratings


@dataclass(frozen=True, slots=True)
class Rating:
    """openskill's Plackett-Luce rating of one contender in one division."""

    name: str
    fingerprint: str
    mu: float
    sigma: float
    """Uncertainty of mu."""
    matches: int
    wins: int
    draws: int

    @property
    def losses(self) -> int:
        return self.matches - self.wins - self.draws

    @property
    def ordinal(self) -> float:
        """mu - 3 sigma: a bound that the true strength exceeds with high confidence."""
        return self.mu - 3 * self.sigma


Key = tuple[str, str]
"""Name and fingerprint of a contender."""


def ratings(entries: Sequence[RecordedMatch], division: Division) -> list[Rating]:
    """The ratings of all contenders of a division, strongest first. Matches count in the order of the ledger."""
    own = [entry.match for entry in entries if division_of(entry.match.terms) == division]
    return rated(
        ([(contender.name, contender.fingerprint) for contender in match.contenders], [standing.rank for standing in match.standings])
        for match in own
    )


def rated(matches: Iterable[tuple[Sequence[Key], Sequence[int]]]) -> list[Rating]:
    """The ratings after some matches in their order, strongest first. A match: its contenders, and the rank of each, 1 the best."""
    model = PlackettLuce()
    known: dict[Key, list[float]] = {}
    counts: dict[Key, list[int]] = {}
    for keys, ranks in matches:
        players = [model.create_rating(known.get(key, [model.mu, model.sigma])) for key in keys]
        after = model.rate([[player] for player in players], ranks=[float(rank) for rank in ranks], limit_sigma=False)
        for key, (player,), rank in zip(keys, after, ranks, strict=True):
            known[key] = [player.mu, player.sigma]
            count = counts.setdefault(key, [0, 0, 0])
            count[0] += 1
            count[1] += rank == 1 and ranks.count(1) == 1
            count[2] += ranks.count(rank) > 1
    found = []
    for (name, fingerprint), (mu, sigma) in known.items():
        fought, wins, draws = counts[name, fingerprint]
        found.append(Rating(name, fingerprint, mu, sigma, fought, wins, draws))
    return sorted(found, key=lambda rating: (-rating.ordinal, rating.name, rating.fingerprint))


def rating_lines(found: Sequence[Rating], who: str = "agent") -> list[str]:
    """A text table: headings, then one line for each rating. `who`: what a contender is called."""
    wide = max([len(rating.name) for rating in found] + [5])
    lines = [f"#   {who:<{wide}}  {'is':<8}  {'mu':>6} {'sigma':>6} {'surely':>6}  won drawn lost"]
    for rank, r in enumerate(found, start=1):
        numbers = f"{r.mu:6.2f} {r.sigma:6.2f} {r.ordinal:6.2f}  {r.wins:3} {r.draws:5} {r.losses:4}"
        lines.append(f"{rank:<3} {r.name:<{wide}}  {r.fingerprint}  {numbers}")
    return lines
