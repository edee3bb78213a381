"""A tournament in its file, written after every match, so that an interrupted one goes on from there; and its players."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rolltrain_tui.arena.agents.roster import FOLDER as ARENA
from rolltrain_tui.arena.battles import tournament
from rolltrain_tui.arena.duel.cup import Contender, Cup, CupError, Terms, check
from rolltrain_tui.arena.duel.players import fixed_names, saved_players
from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.modes.duel.players.players import AGENTS, HOSTS
from rolltrain_tui.modes.duel.table.seats import Seat

FOLDER = "duels"
FIXED = "fixed"
"""Fingerprint of players without weights."""


def file_of(runs: Path, name: str) -> Path:
    """The file of a tournament. AgentError for a name that cannot be one."""
    return tournament.file_of(runs / ARENA / FOLDER, name)


def write(runs: Path, cup: Cup) -> None:
    """CupError where the disk does not take it."""
    tournament.write(file_of(runs, cup.name), cup, CupError)


def open_new(runs: Path, cup: Cup) -> None:
    """Write a new tournament. CupError where its name is taken."""
    tournament.check_new(file_of(runs, cup.name), CupError)
    write(runs, cup)


def reopen(runs: Path, name: str) -> Cup:
    """CupError where there is none of this name, or its file cannot be read."""
    path = file_of(runs, name)
    found = tournament.read(path, Cup, CupError)
    for result in found.results:
        if not len(result.ranks) == len(result.moves) == len(result.unfinished) == len(found.of(result.role)):
            raise CupError(f"{printable(path)} is damaged: a result is not that of its contenders")
    return check(found)


def entered(names: Sequence[tuple[str, Path | None]], terms: Terms) -> tuple[tuple[Contender, ...], list[Seat]]:
    """The players of these names, each a fixed one or the networks of a run. A fixed player enters in every role that it has.

    PlayerError and CupError, in words, for those that cannot play.
    """
    contenders: list[Contender] = []
    seats = _fixed_seats()
    for name, path in names:
        if name in fixed_names():
            contenders += [Contender(name=name, role=seat.role, fingerprint=FIXED) for seat in seats if seat.name == name]
        elif path is None:
            raise CupError(f"there is no run or player {name!r}; name the folder of a run of a duel, or one of {', '.join(fixed_names())}")
        else:
            saved = saved_players(path)
            own = saved.guests.rules.dimension
            if own != terms.dimension:
                raise CupError(f"{name} was trained with {own} coordinates, and this tournament has {terms.dimension}")
            if saved.longest is not None and saved.longest < terms.points:
                raise CupError(f"{name} reads at most {saved.longest} points, and games of this tournament have {terms.points}")
            for number, seat in enumerate(saved.guests.networks):
                called = path.resolve().name if not number and len(saved.guests.networks) == 1 else f"{path.resolve().name}/{seat.role}"
                seats.append(replace(seat, name=called))
                contenders.append(Contender(name=called, role=seat.role, fingerprint=saved.fingerprint, source=str(path)))
    return tuple(contenders), seats


def again(cup: Cup) -> list[Seat]:
    """The players of a tournament that goes on. CupError where one is not what it was."""
    sources = dict.fromkeys(contender.source for contender in cup.contenders if contender.source)
    seats = _fixed_seats()
    found: list[Contender] = []
    for source in sources:
        contenders, those = entered([(source, Path(source))], cup.terms)
        found += contenders
        seats += [seat for seat in those if seat.values is not None]
    for contender in cup.contenders:
        if contender.source and contender not in found:
            raise CupError(f"{contender.name} is not what it was when it entered: its run has been played on; begin a new tournament")
    return seats


def _fixed_seats() -> list[Seat]:
    hosts = [Seat(name=player.name, title=player.title, role="host", host=player.move) for player in HOSTS.values()]
    agents = [Seat(name=player.name, title=player.title, role="agent", agent=player.move) for player in AGENTS.values()]
    return hosts + agents
