"""What stops the ranks before the first turn, told without any process: a gang whose other ranks say what the test makes them say."""

import json
from typing import Any

import pytest

pytest.importorskip("torch.distributed")
from rolltrain_tui.cluster import muster
from rolltrain_tui.cluster.gang import Gang, RanksError
from rolltrain_tui.config.schema import CampaignConfig


class Heard(Gang):
    """Rank 0 of two; the other says `theirs`."""

    def __init__(self, theirs: Any) -> None:
        self.rank, self.size, self.theirs = 0, 2, theirs

    def hear_all(self, data: bytes) -> list[bytes]:
        return [data, json.dumps(self.theirs).encode()]


def values(**told: Any) -> list[Any]:
    return ["", {name: json.dumps(value) for name, value in told.items()}]


@pytest.mark.parametrize(
    ("theirs", "words"),
    [
        (values(seed=8, turns=5), "rank 1 has seed 8, and rank 0 has seed 7"),
        (values(seed=7), "rank 1 has turns nothing, and rank 0 has turns 5"),
        (values(seed=7, turns=5, data="x" * 99), 'rank 1 has data "xx'),
        (["no campaign 'x'", {}], "rank 1: no campaign 'x'"),
    ],
)
def test_a_rank_that_differs_is_named_with_its_value(theirs: Any, words: str) -> None:
    """Or with its trouble, where it cannot begin at all."""
    with pytest.raises(RanksError) as refused:
        muster.together(Heard(theirs), lambda: None, lambda _: {"seed": 7, "turns": 5})
    assert str(refused.value).startswith(words)
    assert len(str(refused.value)) < 250


def test_ranks_that_have_the_same_begin() -> None:
    """What the work gave is given back."""
    assert muster.together(Heard(values(seed=7)), lambda: 3, lambda _: {"seed": 7}) == 3


@pytest.mark.parametrize(
    ("error", "words"),
    [(ValueError("no such file"), "no such file"), (OSError(28, "the disk is full"), "the disk is full"), (MemoryError(), "MemoryError")],
)
def test_the_first_ranks_own_trouble_is_told_in_its_words(error: Exception, words: str) -> None:
    """All ranks stop by it."""

    def work() -> None:
        raise error

    with pytest.raises(RanksError, match=words):
        muster.together(Heard(values()), work, lambda _: {})


def test_every_value_of_a_campaign_is_compared(tiny_config: Any) -> None:
    """By its dotted path."""
    config: CampaignConfig = tiny_config()
    paths = dict(muster.flat(config.model_dump(mode="json")))
    assert paths["batch.sequences"] == 4
    assert paths["seed"] == config.seed
