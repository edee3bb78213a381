"""A ballot: one question to the room at a time, counted as the votes come.

Any thread may cast, count and look. A ballot knows neither web nor screen: who serves a page subscribes, and asks for the tally.
A vote belongs to a browser, and may be changed until the round closes. Votes by show of hands are added as numbers.
"""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rolltrain_tui.base.grammar import plural
from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.protocol.commands import Predict, UseAbility

MOST_OPTIONS, MOST_VOTERS, MOST_HANDS = 20, 1000, 9999
LONGEST = 120
"""Cells of a question or a title."""
TIE = "A tie goes to the one that stands higher in the list."


class BallotError(ValueError):
    """The vote cannot be counted; the message is a sentence for the voter."""


class RoundOverError(BallotError):
    """No round is open, or another one."""


class NoSuchOptionError(BallotError):
    """The number stands for no option."""


class BallotFullError(BallotError):
    """There are as many voters as a round can hold."""


@dataclass(frozen=True, slots=True)
class Option:
    """An answer. `order` goes into the run's inbox if it wins; None: nothing is asked of the run."""

    title: str
    about: str = ""
    """What it does, in a sentence."""
    order: UseAbility | Predict | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """A question to the room."""

    number: int
    """From 1. A vote names it, so that a late one is not counted for the next question."""
    question: str
    options: tuple[Option, ...]
    """At least two. In a tie the first of them wins."""


@dataclass(frozen=True, slots=True)
class Tally:
    """How a round stands, or how it ended."""

    round: Round
    votes: tuple[int, ...]
    """Votes for each option: browsers and hands."""
    browsers: int
    """How many browsers have voted."""
    open: bool

    @property
    def total(self) -> int:
        return sum(self.votes)

    @property
    def winner(self) -> Option | None:
        """The option with most votes, the first of several; None where nobody voted."""
        return self.round.options[self.votes.index(max(self.votes))] if self.total else None

    @property
    def tied(self) -> bool:
        """Several options have most votes."""
        return self.total > 0 and self.votes.count(max(self.votes)) > 1


class Ballot:
    """The rounds of one room, one after the other."""

    def __init__(self) -> None:
        self.invitation = ""
        """Where the room votes, such as an address; shown beside the question. Empty: by show of hands."""
        self._lock = threading.RLock()
        self._rounds = 0
        self._round: Round | None = None
        self._open = False
        self._votes: dict[str, int] = {}
        """Browser -> place of its option."""
        self._hands: list[int] = []
        self._listeners: list[Callable[[], None]] = []

    # The teacher's side.

    def open_round(self, question: str, options: Sequence[Option]) -> Round:
        """Ask the room. A round that is still open is given up. ValueError without two options or a question."""
        if not 2 <= len(options) <= MOST_OPTIONS:
            raise BallotError(f"A vote needs 2 to {MOST_OPTIONS} options; there {plural(len(options), 'is', 'are')} {len(options)}.")
        cleaned = tuple(Option(one_line(o.title, LONGEST), one_line(o.about, 2 * LONGEST), o.order) for o in options)
        asked = one_line(question, LONGEST)
        if not asked or not all(option.title for option in cleaned):
            raise BallotError("The question and every option of a vote need a text.")
        with self._lock:
            self._rounds += 1
            self._round = Round(self._rounds, asked, cleaned)
            self._open, self._votes, self._hands = True, {}, [0] * len(cleaned)
            opened = self._round
        self._tell()
        return opened

    def count_hands(self, number: int, option: int, hands: int) -> None:
        """Set the number of hands raised for the option. RoundOverError, NoSuchOptionError, BallotError."""
        if not 0 <= hands <= MOST_HANDS:
            raise BallotError(f"Between 0 and {MOST_HANDS} hands can be counted, not {hands}.")
        with self._lock:
            self._check(number, option)
            self._hands[option] = hands
        self._tell()

    def close(self) -> Tally:
        """End the round: how it ended. RoundOverError where none is open."""
        with self._lock:
            if not self._open:
                raise RoundOverError("No vote is open.")
            self._open = False
            ended = self.tally()
        assert ended is not None
        self._tell()
        return ended

    def give_up(self) -> None:
        """End the round without a result, as if nobody had been asked."""
        with self._lock:
            self._open, self._round = False, None
        self._tell()

    # The room's side.

    def cast(self, browser: str, number: int, option: int) -> None:
        """The vote of a browser, in the place of its earlier one; `option` counts from 0.

        RoundOverError, NoSuchOptionError, BallotFullError.
        """
        with self._lock:
            self._check(number, option)
            if browser not in self._votes and len(self._votes) >= MOST_VOTERS:
                raise BallotFullError(f"{MOST_VOTERS} browsers have voted, and a round holds no more.")
            if self._votes.get(browser) == option:
                return
            self._votes[browser] = option
        self._tell()

    def tally(self) -> Tally | None:
        """How the newest round stands; None before the first, and after one that was given up."""
        with self._lock:
            if self._round is None:
                return None
            by_browsers = Counter(self._votes.values())
            votes = tuple(by_browsers[place] + hands for place, hands in enumerate(self._hands))
            return Tally(self._round, votes, len(self._votes), self._open)

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have `listener` called after every change, in the thread that made it; what comes back ends that.

        It gets no tally, for two changes may be reported in either order: `tally()` always has the newest.
        """
        with self._lock:
            self._listeners.append(listener)

        def leave() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return leave

    def _check(self, number: int, option: int) -> None:
        if self._round is None or not self._open:
            raise RoundOverError("No vote is open.")
        if number != self._round.number:
            raise RoundOverError(f"Vote {number} is over; the room votes on: {self._round.question}")
        if not 0 <= option < len(self._round.options):
            raise NoSuchOptionError(f"There are options 0 to {len(self._round.options) - 1}, not {option}.")

    def _tell(self) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()
