"""Games in a row at one table: a person in one seat, a player in the other, par, and who has won how many.

The host wins a game that is over after at most par moves, the agent one that lasts at least par. Par is the expert's result from the same
start, against the same opponent and with the same chance: Zeillinger's as host, as agent that of the one who chooses first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from torch import Tensor

from rolltrain_tui.modes.duel.players.names import Role, other
from rolltrain_tui.modes.duel.players.players import chances
from rolltrain_tui.modes.duel.table.guests import Guests
from rolltrain_tui.modes.duel.table.insight import Outcome, played_out
from rolltrain_tui.modes.duel.table.position import IllegalMoveError, Move, Point, Position
from rolltrain_tui.modes.duel.table.seats import Seat, expert
from rolltrain_tui.training.state.streams import random_stream


@dataclass(frozen=True, slots=True)
class Result:
    """A game that is over, from the person's side."""

    role: Role
    opponent: str
    outcome: Outcome
    par: Outcome
    won: bool | None
    """None: it does not count; it was watched, or over before it began."""


class Sitting:
    """A series of games. The same guests, seed, opponents and moves are the same games."""

    def __init__(
        self,
        guests: Guests,
        *,
        seed: int = 0,
        best_of: int = 5,
        first: Role = "host",
        alternate: bool = True,
        opponents: Mapping[Role, Seat] | None = None,
        start: Sequence[Point] | None = None,
    ) -> None:
        """`first`: the person's role in the first game. `opponents`: by their role. `start`: of every game, instead of drawn ones."""
        self.guests, self.seed, self.best_of = guests, seed, best_of
        self.first, self.alternate, self._start = first, alternate, start
        self.opponents: dict[Role, Seat] = {role: guests.usual(role) for role in ("host", "agent")} | dict(opponents or {})
        self.results: list[Result] = []
        self.number = 0
        """The number of the game, from 0. A new series goes on counting, so that its games are others."""
        self._series = 0
        """The number of the series' first game."""
        self._begin()

    # -----------------------------------------------------------------------------------------------------------------
    # The game that is played

    def _begin(self) -> None:
        turned = self.alternate and len(self.results) % 2 == 1
        self.role: Role = other(self.first) if turned else self.first
        self._lay_out()

    def _lay_out(self) -> None:
        rules = self.guests.rules
        self.watched = False
        """A player has moved in the person's place."""
        self.position = Position.start(rules, self._start) if self._start is not None else Position.random(rules, self.seed, self.number)
        self.chance = chances(rules.limit, 1, random_stream(self.seed, f"duel chance {self.number}"))
        host, agent = self._seats(expert(self.role))
        self.par = played_out(self.position, host, agent, self.chance)
        self._name()

    def _seats(self, own: Seat) -> tuple[Seat, Seat]:
        """Host and agent, with somebody in the person's place."""
        return (own, self.opponent) if self.role == "host" else (self.opponent, own)

    def _name(self) -> None:
        """The opponent, as host, names coordinates."""
        going = self.role == "agent" and not self.position.stopped
        self.named: tuple[int, ...] = self.opponent.names(self.position, self._own_chance(0)) if going else ()

    def _own_chance(self, role: int) -> Tensor:
        return self.chance[len(self.position.moves), role]

    @property
    def opponent(self) -> Seat:
        return self.opponents[other(self.role)]

    def play(self, choice: Sequence[int]) -> Move:
        """The person's move: the coordinates that a host names, or the one that an agent takes. IllegalMoveError costs nothing."""
        position = self.position
        if self.role == "host":
            named = position.check_host(choice)
            axis = self.opponent.takes(position, named, self._own_chance(1))
        else:
            if len(choice) != 1:
                raise IllegalMoveError("the agent takes one coordinate of those that the host has named")
            named, axis = self.named, choice[0]
        self.position = position.play(named, axis)
        self._name()
        if self.position.stopped:
            self._record()
        return self.position.moves[-1]

    def stand_in(self) -> Seat:
        """Who plays the person's part while they watch: the network of that role, or the expert."""
        return self.guests.usual(self.role)

    def watch(self) -> Move:
        """One move by the stand-in. The game then counts for nobody. IllegalMoveError where the game is over."""
        seat, position = self.stand_in(), self.position
        if position.stopped:
            raise IllegalMoveError("this game is over; begin the next one")
        self.watched = True
        if self.role == "host":
            return self.play(seat.names(position, self._own_chance(0)))
        return self.play([seat.takes(position, self.named, self._own_chance(1))])

    # -----------------------------------------------------------------------------------------------------------------
    # The series

    def _record(self) -> None:
        outcome = Outcome(len(self.position.moves), self.position.over)
        won: bool | None = None
        if not self.watched:
            host_won = outcome.over and outcome.moves <= self.par.moves
            won = host_won if self.role == "host" else outcome.moves >= self.par.moves
        self.results.append(Result(self.role, self.opponent.title, outcome, self.par, won))

    @property
    def game(self) -> int:
        """Which game of the series is played, from 1."""
        return self.number - self._series + 1

    @property
    def score(self) -> tuple[int, int]:
        """Games won by the person, and lost."""
        return sum(result.won is True for result in self.results), sum(result.won is False for result in self.results)

    @property
    def decided(self) -> bool:
        """One side has won more than half of the games. Games that do not count are played besides."""
        return max(self.score) > self.best_of // 2

    def next_game(self) -> None:
        """Go on to the next game; after the last one of a series to the first of a new one. IllegalMoveError where this one is not over."""
        if not self.position.stopped:
            raise IllegalMoveError("this game is not over yet; play on, or start it again")
        if self.decided:
            self.new_series()
            return
        self.number += 1
        self._begin()

    def again(self) -> None:
        """The same game from its start. One that is over stays as it ended."""
        if self.position.stopped and self.position.moves:
            raise IllegalMoveError("this game is over, and its result stands; begin the next one")
        self._lay_out()

    def new_series(self, first: Role | None = None) -> None:
        """From 0 to 0, with the next start. `first`: the person's role in it."""
        self.results.clear()
        self._series = self.number = self.number + 1
        self.first = first or self.first
        self._begin()

    def next_opponent(self) -> None:
        """Another player in the seat opposite; this game begins anew. IllegalMoveError where the game is over."""
        if self.position.stopped and self.position.moves:
            raise IllegalMoveError("this game is over; another opponent can sit down in the next one")
        seats = self.guests.of(other(self.role))
        place = next((i for i, seat in enumerate(seats) if seat.name == self.opponent.name), -1)
        self.opponents[other(self.role)] = seats[(place + 1) % len(seats)]
        self._lay_out()
