"""From a name to a player: a fixed one, or the networks of a saved run. Loads torch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rolltrain_tui.base.safe_text import printable
from rolltrain_tui.modes.duel.config import DuelConfig
from rolltrain_tui.modes.duel.game import GameError
from rolltrain_tui.modes.duel.learner import DuelLearner
from rolltrain_tui.modes.duel.players.names import Role, other
from rolltrain_tui.modes.duel.players.players import AGENTS, HOSTS
from rolltrain_tui.modes.duel.table.guests import Guests, fixed_guests, guests_of
from rolltrain_tui.modes.duel.table.position import Point, Rules
from rolltrain_tui.modes.duel.table.seats import Seat, fixed
from rolltrain_tui.modes.duel.table.sitting import Sitting
from rolltrain_tui.runs.open import SavedRun
from rolltrain_tui.runs.saves import SaveError


class PlayerError(ValueError):
    """Nobody of that name can sit at this table. The message is for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a game outside of a campaign may be asked for; None: as it comes."""

    against: str
    role: Role | None = None
    """The person's, in every game. None: it alternates."""
    dimension: int | None = None
    points: int | None = None
    start: tuple[Point, ...] | None = None
    seed: int = 0
    best_of: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """The networks of a saved run, and the game that they were trained on."""

    guests: Guests
    longest: int | None
    """Points that its networks can read; None: any number."""
    fingerprint: str
    """Hash of the weights."""


def fixed_names() -> list[str]:
    return list(dict.fromkeys([*HOSTS, *AGENTS]))


def saved_players(path: Path) -> Saved:
    """The networks of a run's latest save, or of a save. PlayerError for a folder that holds none, and for a run of another kind."""
    try:
        saved = SavedRun.read(path)
        config = saved.config()
    except SaveError as error:
        raise PlayerError(f"{printable(path)} holds no run that can be read: {error}") from None
    if not isinstance(config, DuelConfig):
        raise PlayerError(f"{printable(path)} is a run of kind {config.kind}, which plays no duel; name one of kind duel")
    campaign = saved.open(config)
    learner = campaign.learner
    assert isinstance(learner, DuelLearner), "the mode builds no other learner"
    longest = config.game.points if config.network.kind == "layers" else None
    guests = guests_of(learner, f"{config.name}, turn {campaign.turn}")
    return Saved(guests=guests, longest=longest, fingerprint=learner.weights_sha256()[:8])


def sitting_for(wishes: Wishes, found: Path | None) -> Sitting:
    """The table that was asked for. `found`: the run or save that `against` names; None: it is a fixed player.

    ValueError, in words, for players that are not there, the other role's, and games that they cannot play.
    """
    saved = None
    if wishes.against not in fixed_names():
        if found is None:
            known = ", ".join(fixed_names())
            raise PlayerError(f"there is no run or player {wishes.against!r}; name the folder of a run of a duel, or one of {known}")
        saved = saved_players(found)
    guests = _fitted(saved, wishes)
    opponents: dict[Role, Seat] = _opponents(wishes.against, guests)
    role = wishes.role
    if role is not None and other(role) not in opponents:
        plays = next(iter(opponents))
        raise PlayerError(
            f"--as {role}: {wishes.against} plays the {plays}, so that seat is taken; sit down as {other(plays)}, "
            f"or against {'one of ' if role == 'host' else ''}{_players_of(other(role))}"
        )
    first = role or ("host" if "agent" in opponents else "agent")
    return Sitting(
        guests, seed=wishes.seed, best_of=wishes.best_of, first=first, alternate=role is None, opponents=opponents, start=wishes.start
    )


def _players_of(role: Role) -> str:
    return ", ".join(HOSTS if role == "host" else AGENTS)


def _opponents(name: str, guests: Guests) -> dict[Role, Seat]:
    """The seats that this name fills."""
    if networks := guests.networks:
        return {seat.role: seat for seat in reversed(networks)}
    found: dict[Role, Seat] = {}
    if name in AGENTS:
        found["agent"] = fixed(name, "agent")
    if name in HOSTS:
        found["host"] = fixed(name, "host")
    return found


def _fitted(saved: Saved | None, wishes: Wishes) -> Guests:
    """The guests of the run, or the fixed players, with the rules that were asked for."""
    guests = saved.guests if saved is not None else fixed_guests(Rules())
    usual = guests.rules
    start = wishes.start or ()
    dimension = wishes.dimension if wishes.dimension is not None else len(start[0]) if start else usual.dimension
    points = len(start) if start else wishes.points if wishes.points is not None else usual.points
    rules = replace(usual, dimension=dimension, points=points)
    if saved is not None:
        _check_network(saved, wishes.against, rules)
    return replace(guests, rules=rules)


def _check_network(saved: Saved, name: str, rules: Rules) -> None:
    own = saved.guests.rules.dimension
    if rules.dimension != own:
        raise GameError(f"the network of {name} was trained with {own} coordinates and cannot play with {rules.dimension}; use {own}")
    if saved.longest is not None and rules.points > saved.longest:
        raise GameError(
            f"the network of {name} reads at most {saved.longest} points, and {rules.points} are asked for; use {saved.longest} or fewer"
        )


def read_start(text: str) -> tuple[Point, ...]:
    """The points of a start, as typed: "0,1,0 2,0,1". PlayerError says which point is wrong; `Position.start` checks the rest."""
    points: list[Point] = []
    for number, word in enumerate(text.replace(";", " ").split(), start=1):
        parts = word.strip("()").split(",")
        if not all(part.isascii() and part.isdecimal() and len(part) <= 18 for part in parts):
            raise PlayerError(f"point {number} of the start, {word[:40]!r}, is not whole numbers with commas between, such as 0,1,3")
        points.append(tuple(int(part) for part in parts))
    if not points:
        raise PlayerError("the start is empty; give points such as 0,1,3 2,0,1")
    return tuple(points)


def rules_of_first(paths: Sequence[Path]) -> Rules:
    """The rules of the first run's game; without a run, the usual ones. PlayerError."""
    return saved_players(paths[0]).guests.rules if paths else Rules()
