"""Tournaments: pairings and standings. Results are in the ledger, so an interrupted tournament continues from there.

Round robin: each contender meets each other once. Swiss: in each round contenders with similar points meet, no pair twice; with an odd
number one contender rests and gets a point. A win is 1 point, a draw 0.5. Each match has its own seeds.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

from rolltrain_tui.arena.agents.agents import AgentError, check_name
from rolltrain_tui.arena.battles.battles import Battles
from rolltrain_tui.arena.battles.events import BattleEnded, BattleEvent, PairBegan
from rolltrain_tui.arena.battles.ledger import RecordedMatch
from rolltrain_tui.arena.battles.matches import Contender, Match, Terms, check_contenders, check_terms, winner_words
from rolltrain_tui.base import atomic_files
from rolltrain_tui.base.grammar import plural
from rolltrain_tui.base.json_records import RecordError, codec, dump_json, parse_json
from rolltrain_tui.base.safe_text import printable

T = TypeVar("T")
Kind = Literal["round-robin", "swiss"]
FOLDER = "tournaments"
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tournament:
    name: str
    kind: Kind
    rounds: int
    terms: Terms
    """Terms of the first match. Each further match uses the next `seeds` seeds."""
    contenders: tuple[Contender, ...]


@dataclass(frozen=True, slots=True)
class TableRow:
    place: int
    """Position in the list of contenders."""
    points: float
    wins: int
    draws: int
    losses: int
    buchholz: float
    """Sum of the opponents' points: decides between contenders with equal points."""
    mean_score: float


def plan(name: str, kind: Kind, terms: Terms, contenders: tuple[Contender, ...], rounds: int | None = None) -> Tournament:
    """A new tournament. AgentError when there are too few contenders, more rounds than opponents, or not the rounds of a round robin."""
    check_name(name, "a tournament")
    check_contenders(contenders)
    n = len(contenders)
    full = n - 1 + n % 2
    if kind == "round-robin":
        if rounds not in (None, full):
            raise AgentError(
                f"{rounds} {plural(rounds, 'round is', 'rounds are')} not possible in a round robin of {n}: it has {full};"
                " kind swiss can have fewer"
            )
        rounds = full
    rounds = rounds or max(1, (n - 1).bit_length())
    if not 1 <= rounds <= full:
        raise AgentError(f"{rounds} {plural(rounds, 'round is', 'rounds are')} not possible with {n} contenders; choose 1 to {full}")
    return Tournament(name=name, kind=kind, rounds=rounds, terms=terms, contenders=contenders)


def open_new(root: Path, tournament: Tournament) -> None:
    """Write the file of a new tournament. AgentError when the name is taken."""
    path = file_of(root / FOLDER, tournament.name)
    check_new(path, AgentError)
    write(path, tournament, AgentError)


def reopen(root: Path, name: str) -> Tournament:
    """Read a tournament. AgentError when there is none, or its file cannot be read."""
    found = read(file_of(root / FOLDER, name), Tournament, AgentError)
    check_contenders(found.contenders)
    check_terms(found.terms)
    return found


def exists(root: Path, name: str) -> bool:
    """True if there is a tournament of this name."""
    return file_of(root / FOLDER, name).exists()


# Files of tournaments, of the duel's too. `error` is what cannot be.


def file_of(folder: Path, name: str) -> Path:
    """AgentError for a name that can be none."""
    return folder / f"{check_name(name, 'a tournament')}.json"


def check_new(path: Path, error: type[ValueError]) -> None:
    if path.exists():
        raise error(f"there is a tournament {path.stem} already: --resume {path.stem} goes on with it")


def write(path: Path, tournament: object, error: type[ValueError]) -> None:
    with atomic_files.saying(error, f"{printable(path)} cannot be written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic_files.replace(path, (dump_json(codec(type(tournament)).dump(tournament)) + "\n").encode("ascii"))


def read(path: Path, kind: type[T], error: type[ValueError]) -> T:
    try:
        return codec(kind).load(parse_json(atomic_files.content_of(path)))
    except FileNotFoundError:
        known = sorted(file.stem for file in path.parent.glob("*.json")) if path.parent.is_dir() else []
        raise error(f"there is no tournament {path.stem}; there is {', '.join(known) or 'none yet'}") from None
    except OSError as wrong:
        raise error(f"{printable(path)} cannot be read: {wrong.strerror or wrong}") from None
    except RecordError as wrong:
        raise error(f"{printable(path)} is damaged: {wrong}") from None


@dataclass(frozen=True, slots=True)
class Bout:
    """A match of a tournament that is still to be fought."""

    round: int
    number: int
    pair: Pair
    terms: Terms
    contenders: tuple[Contender, Contender]


def due(tournament: Tournament, round_: int, fought: dict[tuple[int, Pair], Match]) -> Iterator[Bout]:
    """The matches of a round that are not in the ledger yet. In a Swiss tournament all earlier rounds must be fought."""
    a_round = len(tournament.contenders) // 2
    for number, pair in enumerate(pairs(tournament, round_, fought), (round_ - 1) * a_round + 1):
        if (round_, pair) not in fought:
            first = tournament.terms.first_seed + (number - 1) * tournament.terms.seeds
            a, b = (tournament.contenders[place] for place in pair)
            yield Bout(round_, number, pair, replace(tournament.terms, first_seed=first), (a, b))


def play(battles: Battles, tournament: Tournament, stopped: Callable[[], bool] = lambda: False) -> Iterator[BattleEvent | PairBegan]:
    """Fight all matches that are not in the ledger yet, event by event. It may be interrupted at any moment."""
    for round_ in range(1, tournament.rounds + 1):
        for bout in due(tournament, round_, results(battles.ledger.matches(), tournament)):
            yield began(tournament, bout)
            yield from battles.fight(bout.terms, bout.contenders, tournament=tournament.name, round_=round_, stopped=stopped)
            if stopped():
                return


def began(tournament: Tournament, bout: Bout) -> PairBegan:
    n = len(tournament.contenders)
    of = n * (n - 1) // 2 if tournament.kind == "round-robin" else tournament.rounds * (n // 2)
    return PairBegan(bout.round, bout.number, of, (bout.contenders[0].name, bout.contenders[1].name))


def told(battles: Battles, tournament: Tournament, stopped: Callable[[], bool]) -> Iterator[str]:
    """`play` as sentences, with the table at the end."""
    yield f"Tournament {tournament.name}: {tournament.kind}, {len(tournament.contenders)} agents."
    words = ""
    for event in play(battles, tournament, stopped):
        if isinstance(event, PairBegan):
            words = pair_words(event)
        elif isinstance(event, BattleEnded):
            yield f"{words}: {end_words(event.match)}"
    yield from table_lines(tournament, table(tournament, results(battles.ledger.matches(), tournament)))


def pair_words(pair: PairBegan) -> str:
    return f"round {pair.round}, match {pair.number} of {pair.of}: {pair.names[0]} against {pair.names[1]}"


def end_words(match: Match) -> str:
    """The winner and the scores."""
    return f"{winner_words(match)} ({' : '.join(f'{standing.score.mean:.1f}' for standing in match.standings)})"


def results(entries: Sequence[RecordedMatch], tournament: Tournament) -> dict[tuple[int, Pair], Match]:
    """The matches of a tournament in the ledger: (round, pair) -> match."""
    places = {contender: place for place, contender in enumerate(tournament.contenders)}
    found = {}
    for entry in entries:
        match = entry.match
        if match.tournament == tournament.name and len(match.contenders) == 2 and all(c in places for c in match.contenders):
            found[match.round, (places[match.contenders[0]], places[match.contenders[1]])] = match
    return found


def pairs(tournament: Tournament, round_: int, fought: dict[tuple[int, Pair], Match]) -> list[Pair]:
    """The pairs of a round. In a Swiss tournament all earlier rounds must be fought."""
    n = len(tournament.contenders)
    return circle(n, round_) if tournament.kind == "round-robin" else swiss(n, round_, fought)


def circle(n: int, round_: int) -> list[Pair]:
    """The pairs of round 1, 2, ... of a round robin, by the circle method: one seat is fixed, the others rotate."""
    seats = list(range(n)) + ([-1] if n % 2 else [])
    others = seats[1:]
    turn = (round_ - 1) % len(others)
    seated = [seats[0], *others[turn:], *others[:turn]]
    met = [(seated[i], seated[-1 - i]) for i in range(len(seated) // 2)]
    return sorted((min(pair), max(pair)) for pair in met if -1 not in pair)


def swiss(n: int, round_: int, fought: dict[tuple[int, Pair], Match]) -> list[Pair]:
    """Pair contenders with similar points. No pair meets twice, if that is possible."""
    before = {key: match for key, match in fought.items() if key[0] < round_}
    points = _points(n, before, round_ - 1)
    met = {pair for _, pair in before}
    order = sorted(range(n), key=lambda place: (-points[place], place))
    if n % 2:  # the lowest of those with the fewest rests
        rest = min(reversed(order), key=lambda place: _rests(place, before, round_ - 1))
        order.remove(rest)
    found = _match_up(order, met)
    return found if found is not None else [(min(a, b), max(a, b)) for a, b in zip(order[::2], order[1::2], strict=True)]


def _match_up(order: list[int], met: set[Pair]) -> list[Pair] | None:
    """Pair the first with the next it has not met, such that the rest can be paired too (backtracking). None if impossible."""
    if not order:
        return []
    first, rest = order[0], order[1:]
    for i, other in enumerate(rest):
        pair = (min(first, other), max(first, other))
        if pair not in met and (others := _match_up(rest[:i] + rest[i + 1 :], met)) is not None:
            return [pair, *others]
    return None


def _rests(place: int, fought: dict[tuple[int, Pair], Match], rounds: int) -> int:
    return rounds - sum(place in pair for _, pair in fought)


def _points(n: int, fought: dict[tuple[int, Pair], Match], rounds: int) -> list[float]:
    """1 for a win, 0.5 for a draw. With an odd number of contenders, 1 for each of the first `rounds` rounds without a match."""
    whole = {key: match for key, match in fought.items() if key[0] <= rounds}
    points = [float(_rests(place, whole, rounds)) if n % 2 else 0.0 for place in range(n)]
    for (_, pair), match in fought.items():
        for place, side in zip(pair, (0, 1), strict=True):
            points[place] += 0.5 if match.winner is None else float(match.winner == side)
    return points


def table(tournament: Tournament, fought: dict[tuple[int, Pair], Match]) -> list[TableRow]:
    """The standings, best first."""
    n = len(tournament.contenders)
    counts = Counter(round_ for round_, _ in fought)
    whole = sum(count == n // 2 for count in counts.values())  # in a round under way, who has no match yet does not rest
    points = _points(n, fought, whole if tournament.kind == "swiss" else 0)
    rows = []
    for place in range(n):
        own = [(match, pair.index(place), pair[1 - pair.index(place)]) for (_, pair), match in fought.items() if place in pair]
        wins = sum(match.winner == side for match, side, _ in own)
        draws = sum(match.winner is None for match, _, _ in own)
        scores = [match.standings[side].score.mean for match, side, _ in own]
        mean = sum(scores) / len(scores) if scores else 0.0
        rows.append(TableRow(place, points[place], wins, draws, len(own) - wins - draws, sum(points[other] for *_, other in own), mean))
    return sorted(rows, key=lambda row: (-row.points, -row.buchholz, -row.mean_score, row.place))


def table_lines(tournament: Tournament, rows: Sequence[TableRow]) -> list[str]:
    """A text table of the standings."""
    wide = max([len(contender.name) for contender in tournament.contenders] + [5])
    lines = [f"#   {'agent':<{wide}}  points  won  drawn  lost  buchholz  score"]
    for rank, row in enumerate(rows, start=1):
        counts = f"{row.points:6.1f} {row.wins:4} {row.draws:6} {row.losses:5}"
        lines.append(f"{rank:<3} {tournament.contenders[row.place].name:<{wide}}  {counts}  {row.buchholz:8.1f}  {row.mean_score:5.1f}")
    return lines
