"""How strong each contender is: openskill's Plackett-Luce model over the ledger, in its order. The same ledger, the same numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

from openskill.models import PlackettLuce

from rolltrain_tui.arena.ledger import Entry
from rolltrain_tui.arena.matches import Division, division_of


@dataclass(frozen=True, slots=True)
class Rating:
    name: str
    fingerprint: str
    mu: float
    sigma: float
    """Of the belief about mu."""
    matches: int
    wins: int
    draws: int

    @property
    def losses(self) -> int:
        return self.matches - self.wins - self.draws

    @property
    def ordinal(self) -> float:
        """mu - 3 sigma: with great confidence it is stronger than this."""
        return self.mu - 3 * self.sigma


def ratings(entries: Sequence[Entry], division: Division) -> list[Rating]:
    """Of all contenders of a division, the strongest first."""
    model = PlackettLuce()
    known: dict[tuple[str, str], list[float]] = {}
    counts: dict[tuple[str, str], list[int]] = {}
    for entry in entries:
        if division_of(entry.match.terms) != division:
            continue
        keys = [(contender.name, contender.fingerprint) for contender in entry.match.contenders]
        players = [model.create_rating(known.get(key, [model.mu, model.sigma])) for key in keys]
        ranks = [standing.rank for standing in entry.match.standings]
        rated = model.rate([[player] for player in players], ranks=[float(rank) for rank in ranks], limit_sigma=False)
        for key, (player,), rank in zip(keys, rated, ranks, strict=True):
            known[key] = [player.mu, player.sigma]
            count = counts.setdefault(key, [0, 0, 0])
            count[0] += 1
            count[1] += rank == 1 and ranks.count(1) == 1
            count[2] += ranks.count(rank) > 1
    found = []
    for (name, fingerprint), (mu, sigma) in known.items():
        matches, wins, draws = counts[name, fingerprint]
        found.append(Rating(name, fingerprint, mu, sigma, matches, wins, draws))
    return sorted(found, key=lambda rating: (-rating.ordinal, rating.name, rating.fingerprint))
