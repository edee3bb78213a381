"""Votes from browsers: a cookie is a voter, and what the page shows of a ballot names nobody."""

from collections.abc import Mapping

from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.classroom.ballot import Ballot, BallotError, NoSuchOptionError, RoundOverError, Tally


class RefusedError(Exception):
    """The vote does not count. `code` is the answer of HTTP, the text a sentence for the voter."""

    def __init__(self, code: int, words: str) -> None:
        super().__init__(words)
        self.code = code


def cast(ballot: Ballot, browser: str, posted: Mapping[str, object]) -> None:
    """Count what a browser has posted: `round` and `option`, both numbers. RefusedError."""
    number, option = posted.get("round"), posted.get("option")
    if type(number) is not int or type(option) is not int:
        raise RefusedError(400, "A vote is the number of the round and that of an option.")
    try:
        ballot.cast(browser, number, option)
    except RoundOverError as error:
        raise RefusedError(409, str(error)) from None
    except NoSuchOptionError as error:
        raise RefusedError(400, str(error)) from None
    except BallotError as error:
        raise RefusedError(503, str(error)) from None


def shown(tally: Tally | None) -> dict[str, object] | None:
    """A round for the page; None where none is there."""
    if tally is None:
        return None
    options = tally.round.options
    return {
        "number": tally.round.number,
        "question": flat(tally.round.question),
        "options": [{"title": flat(option.title), "about": flat(option.about)} for option in options],
        "votes": list(tally.votes),
        "total": tally.total,
        "open": tally.open,
        "winner": None if tally.open or tally.winner is None else options.index(tally.winner),
    }
