"""What a browser may post as a vote, and what it is told where that does not count."""

from collections.abc import Mapping

import pytest

from rolltrain_tui.classroom import ballot as ballots
from rolltrain_tui.classroom.ballot import Ballot, Option
from rolltrain_tui.serve.web.votes import RefusedError, cast


def refusal(ballot: Ballot, posted: Mapping[str, object], browser: str = "b") -> tuple[int, str]:
    with pytest.raises(RefusedError) as refused:
        cast(ballot, browser, posted)
    return refused.value.code, str(refused.value)


def test_a_vote_that_does_not_count_is_told_in_a_sentence_with_a_code_of_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """Malformed or for no option: 400; too late: 409; one more than a round holds: 503. What counts is told by silence."""
    ballot = Ballot()
    number = ballot.open_round("Which?", (Option("A"), Option("B"))).number
    for round_, option in (("1", 0), (number, True), (number, None), (number, 0.0), (None, 0)):
        code, words = refusal(ballot, {"round": round_, "option": option})
        assert (code, words) == (400, "A vote is the number of the round and that of an option.")
    assert refusal(ballot, {})[0] == 400
    cast(ballot, "b", {"round": number, "option": 1})
    for posted, wanted in (({"round": number, "option": 2}, 400), ({"round": number + 1, "option": 0}, 409)):
        code, words = refusal(ballot, posted)
        assert (code, words.startswith("("), " " in words) == (wanted, False, True)
    monkeypatch.setattr(ballots, "MOST_VOTERS", 1)
    assert refusal(ballot, {"round": number, "option": 0}, "another")[0] == 503
    tally = ballot.tally()
    assert tally is not None
    assert tally.votes == (0, 1)
