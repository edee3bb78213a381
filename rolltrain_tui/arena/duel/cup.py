"""Tournaments of the duel: saved networks and fixed players, rated role by role.

A match is between all hosts, at one agent, over the same starts with the same chance; or between all agents, at one host. Contenders
without a significant difference share a rank. Ratings and ranks are the arena's. Everything follows from the terms and the players.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rolltrain_tui.arena.battles.leaderboards import Rating, rated, rating_lines
from rolltrain_tui.arena.training.scores import ranks
from rolltrain_tui.base.statistics import estimate
from rolltrain_tui.modes.duel.game import Boards, Polytope, begun, joined
from rolltrain_tui.modes.duel.players.names import Role, other
from rolltrain_tui.modes.duel.players.players import AGENTS, HOSTS, chances, play
from rolltrain_tui.modes.duel.table.position import Rules
from rolltrain_tui.modes.duel.table.seats import Seat
from rolltrain_tui.training.state.streams import random_stream

TRIES = 50
"""Draws of all starts, where many games are over before they begin."""
MOST_GAMES, MOST_ROUNDS = 10_000, 100


class CupError(ValueError):
    """A tournament that cannot be played. The message is for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What all matches share."""

    dimension: int = 3
    points: int = 20
    highest: int = 20
    polytope: Polytope = "pareto"
    limit: int = 100
    games: int = 64
    """Starts of each match."""
    rounds: int = 2
    """Each with its own starts."""
    seed: int = 0

    @property
    def rules(self) -> Rules:
        return Rules(dimension=self.dimension, points=self.points, highest=self.highest, polytope=self.polytope, limit=self.limit)

    def __post_init__(self) -> None:
        self.rules  # noqa: B018 - which says what is wrong with them
        for name, value, least, most in (
            ("points", self.points, 2, 64),
            ("games", self.games, 2, MOST_GAMES),
            ("rounds", self.rounds, 1, MOST_ROUNDS),
        ):
            if not least <= value <= most:
                raise CupError(f"{name} {value} is not possible in a tournament; choose {least} to {most}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A player as it entered."""

    name: str
    role: Role
    fingerprint: str
    """Hash of its weights; "fixed" for a fixed player."""
    source: str = ""
    """The run or save of a network, as it was named; empty for a fixed player."""

    @property
    def key(self) -> tuple[str, str]:
        return self.name, self.fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One match: the contenders of a role, in the order of the tournament, at one player of the other role."""

    round: int
    role: Role
    judge: str
    ranks: tuple[int, ...]
    moves: tuple[float, ...]
    """Mean over the starts; a game that was stopped counts with the limit."""
    unfinished: tuple[float, ...]
    """Share of the games that were stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cup:
    name: str
    terms: Terms
    contenders: tuple[Contender, ...]
    results: tuple[Result, ...] = ()

    def of(self, role: Role) -> tuple[Contender, ...]:
        return tuple(contender for contender in self.contenders if contender.role == role)

    def judges(self, role: Role) -> tuple[str, ...]:
        """Names of those at whom contenders of a role are compared: the other role's; where none is, its fixed players."""
        return tuple(contender.name for contender in self.of(other(role))) or tuple(AGENTS if role == "host" else HOSTS)

    def pairings(self) -> list[tuple[int, Role, str]]:
        """(round, role, judge) of all matches in their order."""
        roles: list[Role] = [role for role in ("host", "agent") if len(self.of(role)) >= 2]
        return [(number, role, judge) for number in range(1, self.terms.rounds + 1) for role in roles for judge in self.judges(role)]


def check(cup: Cup) -> Cup:
    """CupError unless there is somebody to compare, each under a name of its own."""
    for role in ("host", "agent"):
        names = [contender.name for contender in cup.of(role)]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise CupError(f"there are two {role}s called {twice}; rename a run's folder, or name each player once")
    if not cup.pairings():
        raise CupError("a tournament compares two hosts or more, or two agents or more; name others too, such as zeillinger or first")
    return cup


def played(cup: Cup, seats: Sequence[Seat], stopped: Callable[[], bool] = lambda: False) -> Iterator[Cup]:
    """The cup after each match that was missing. `seats`: a player for each contender; judges that did not enter are found among them."""
    done = {(result.round, result.role, result.judge) for result in cup.results}
    results = list(cup.results)
    starts: dict[int, Boards] = {}
    for number, role, judge in cup.pairings():
        if (number, role, judge) in done:
            continue
        if number not in starts:
            starts[number] = _starts(cup.terms, number)
        results.append(_match(cup, seats, number, role, judge, starts[number]))
        cup = Cup(name=cup.name, terms=cup.terms, contenders=cup.contenders, results=tuple(results))
        yield cup
        if stopped():
            return


def _starts(terms: Terms, number: int) -> Boards:
    """Those of a round, none of which is over before it begins."""
    stream = random_stream(terms.seed, f"duel cup starts {number}")
    found: list[Boards] = []
    missing = terms.games
    for _ in range(TRIES):
        boards = begun(Boards.random(2 * missing + 8, terms.points, terms.dimension, terms.highest, stream), polytope=terms.polytope)
        boards = boards.only((~boards.ended).nonzero().flatten()[:missing])
        found.append(boards)
        if not (missing := missing - len(boards)):
            return joined(found)
    raise CupError(f"games of {terms.points} points with {terms.dimension} coordinates are over before they begin; ask for more points")


def _match(cup: Cup, seats: Sequence[Seat], number: int, role: Role, judge: str, starts: Boards) -> Result:
    terms = cup.terms
    chance = chances(terms.limit, len(starts), random_stream(terms.seed, f"duel cup chance {number}"))
    opposite = next(seat for seat in seats if seat.role == other(role) and seat.name == judge)
    scores, moves, unfinished = [], [], []
    for contender in cup.of(role):
        own = next(seat for seat in seats if seat.role == role and seat.name == contender.name)
        host, agent = (own.host, opposite.agent) if role == "host" else (opposite.host, own.agent)
        assert host is not None
        assert agent is not None
        match = play(host, agent, starts, terms.limit, chance, polytope=terms.polytope)
        shares = (match.moves.double() / terms.limit).tolist()
        scores.append([1 - share for share in shares] if role == "host" else shares)
        moves.append(estimate(match.moves.double().tolist()).mean)
        unfinished.append(1 - float(match.finished.double().mean()))
    return Result(round=number, role=role, judge=judge, ranks=tuple(ranks(scores)), moves=tuple(moves), unfinished=tuple(unfinished))


def ratings(cup: Cup, role: Role) -> list[Rating]:
    """Ratings of the contenders of a role, strongest first."""
    keys = [contender.key for contender in cup.of(role)]
    return rated((keys, result.ranks) for result in cup.results if result.role == role)


def table_lines(cup: Cup) -> list[str]:
    """Ratings of each role, and mean moves against each judge."""
    lines: list[str] = []
    for role in ("host", "agent"):
        own: list[Result] = [result for result in cup.results if result.role == role]
        if not own:
            continue
        found = ratings(cup, role)
        judges = list(dict.fromkeys(result.judge for result in own))
        lines += ["", f"{role.capitalize()}s", *rating_lines(found, role)]
        names = [contender.name for contender in cup.of(role)]
        wide = max(map(len, names))
        columns = [max(len(judge), 6) for judge in judges]
        lines += ["", f"mean moves, {'fewer' if role == 'host' else 'more'} are better; a game is stopped after {cup.terms.limit}"]
        lines.append(f"{'':<{wide}}  " + "  ".join(f"{judge:>{cell}}" for judge, cell in zip(judges, columns, strict=True)))
        for rating in found:
            place = names.index(rating.name)
            cells = [estimate([result.moves[place] for result in own if result.judge == judge]).mean for judge in judges]
            told = "  ".join(f"{value:>{cell}.1f}" for value, cell in zip(cells, columns, strict=True))
            lines.append(f"{rating.name:<{wide}}  {told}")
    return lines[1:]
