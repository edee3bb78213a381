"""A ballot counts one vote a browser a round, whatever the order and the threads."""

import threading
from collections import Counter
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.classroom import ballot as module
from rolltrain_tui.classroom.ballot import Ballot, BallotError, BallotFullError, NoSuchOptionError, Option, RoundOverError, Tally
from rolltrain_tui.protocol.commands import Predict

OPTIONS = [Option("Lower", order=Predict("lower")), Option("Level"), Option("Higher", order=Predict("higher"))]


def asked(ballot: Ballot) -> int:
    return ballot.open_round("What will it be?", OPTIONS).number


def standing(ballot: Ballot) -> Tally:
    tally = ballot.tally()
    assert tally is not None
    return tally


@given(
    votes=st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 2))), hands=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 50)))
)
def test_the_last_vote_of_each_browser_counts_and_hands_are_added(votes: list[tuple[str, int]], hands: list[tuple[int, int]]) -> None:
    ballot = Ballot()
    number = asked(ballot)
    for browser, option in votes:
        ballot.cast(browser, number, option)
    for option, raised in hands:
        ballot.count_hands(number, option, raised)
    by_browser, by_hand = Counter(dict(votes).values()), dict(hands)
    expected = tuple(by_browser[place] + by_hand.get(place, 0) for place in range(3))
    tally = ballot.close()
    assert tally.votes == expected
    assert tally.browsers == len(dict(votes))
    assert (tally.winner is None) == (sum(expected) == 0)
    if tally.winner is not None:
        assert tally.winner == tally.round.options[expected.index(max(expected))], "the first of those with most votes"
        assert tally.tied == (expected.count(max(expected)) > 1)


def test_thirty_threads_at_once_are_all_counted_and_each_change_is_told() -> None:
    ballot, told = Ballot(), count()
    leave = ballot.subscribe(lambda: next(told))
    number = asked(ballot)

    def vote(place: int) -> None:
        for option in (0, 1, place % 3):
            ballot.cast(f"browser {place}", number, option)

    threads = [threading.Thread(target=vote, args=(place,)) for place in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    leave()
    assert standing(ballot).votes == (10, 10, 10)
    same = 10  # those that end with the option that they had
    assert next(told) == 1 + 3 * 30 - same
    ballot.close()
    assert next(told) == 1 + 3 * 30 - same + 1, "who has left hears nothing"


def test_what_cannot_be_counted_is_refused_in_a_sentence_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ballot = Ballot()
    with pytest.raises(RoundOverError, match="No vote is open"):
        ballot.cast("a", 1, 0)
    old = asked(ballot)
    ballot.cast("a", old, 0)
    new = asked(ballot)
    assert standing(ballot).votes == (0, 0, 0)
    with pytest.raises(RoundOverError, match=f"Vote {old} is over"):
        ballot.cast("a", old, 0)
    for option in (-1, 3, 99):
        with pytest.raises(NoSuchOptionError, match="options 0 to 2"):
            ballot.cast("a", new, option)
    with pytest.raises(BallotError, match="hands can be counted"):
        ballot.count_hands(new, 0, -1)
    monkeypatch.setattr(module, "MOST_VOTERS", 2)
    ballot.cast("a", new, 1)
    ballot.cast("b", new, 1)
    with pytest.raises(BallotFullError):
        ballot.cast("c", new, 1)
    ballot.cast("a", new, 2)  # who has voted may still change
    assert standing(ballot).votes == (0, 1, 1)
    assert ballot.close().votes == (0, 1, 1)
    with pytest.raises(RoundOverError):
        ballot.cast("a", new, 0)
    with pytest.raises(RoundOverError):
        ballot.close()


def test_a_round_that_is_given_up_leaves_no_tally_and_takes_no_votes() -> None:
    ballot = Ballot()
    number = asked(ballot)
    ballot.give_up()
    assert ballot.tally() is None
    with pytest.raises(RoundOverError):
        ballot.cast("a", number, 0)
    with pytest.raises(RoundOverError):
        ballot.close()
    assert asked(ballot) == number + 1


def test_each_change_is_told_once() -> None:
    """Whoever asks, votes, raises hands, closes or gives up; the vote that a browser has already is no change."""
    ballot, told = Ballot(), list[str]()
    ballot.subscribe(lambda: told.append("told"))
    for deed, changes in (
        (lambda: asked(ballot), 1),
        (lambda: ballot.cast("a", 1, 0), 1),
        (lambda: ballot.cast("a", 1, 0), 0),
        (lambda: ballot.count_hands(1, 2, 5), 1),
        (ballot.close, 1),
        (lambda: asked(ballot), 1),
        (ballot.give_up, 1),
    ):
        told.clear()
        deed()
        assert len(told) == changes


@pytest.mark.parametrize("options", [[], OPTIONS[:1], [Option("x")] * 21, [Option("x"), Option(" \n")]], ids=len)
def test_a_question_without_two_named_options_is_not_asked(options: list[Option]) -> None:
    with pytest.raises(BallotError):
        Ballot().open_round("Which?", options)


def test_titles_reach_the_room_as_one_clean_line() -> None:
    asked = Ballot().open_round("Which\n\x1b[31m?", [Option("a\x07\nb", "x" * 999), Option("c")])
    assert "\x1b" not in asked.question
    assert "\n" not in asked.question + asked.options[0].title
    assert len(asked.options[0].about) <= 2 * module.LONGEST
