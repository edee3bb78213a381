"""The random streams of a learner, and those of the process, which it borrows."""

import random
from contextlib import suppress

import pytest
import torch

from rolltrain_tui.training.state.streams import Streams


def drawn(streams: Streams, *, fails: bool = False) -> tuple[float, float]:
    """A number of torch's global generator and one of Python's, drawn while the learner's own streams stand in for them."""
    found = []
    with suppress(KeyError), streams.lend_dropout():
        found += [torch.rand(()).item(), random.random()]
        if fails:
            raise KeyError
    return found[0], found[1]


@pytest.fixture
def streams() -> Streams:
    return Streams(3, (), torch.device("cpu"), dropout=True, host=True)


def test_what_is_lent_is_the_learners_own(streams: Streams) -> None:
    """It draws the same whatever the process has drawn, other numbers at each turn, and the same again from a save of its states."""
    kept = streams.states()
    first, second = drawn(streams), drawn(streams)
    assert first[0] != second[0]
    assert first[1] != second[1]
    streams.put_back(kept)
    random.random()
    torch.rand(3)
    assert (first, second) == (drawn(streams), drawn(streams))


@pytest.mark.parametrize("fails", [False, True])
def test_the_process_has_its_own_back(streams: Streams, fails: bool) -> None:
    """As if nothing had been lent, also after an exception; then the learner's streams stand where they stood, for the turn is repeated."""
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(5)
        random.seed(5)
        expected = torch.rand(()).item(), random.random()
        torch.manual_seed(5)
        random.seed(5)
        first = drawn(streams, fails=fails)
        assert expected == (torch.rand(()).item(), random.random())
    again = drawn(streams)
    assert fails == (first[0] == again[0]) == (first[1] == again[1])
