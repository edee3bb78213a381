"""The loss curve in bounded memory."""

from hypothesis import given
from support.lists import of_any_length

from rolltrain_tui.story.scene.series import RECENT, LossSeries

LOSSES = of_any_length(lambda dice: dice.uniform(-10, 100), 300)


def filled(losses: list[float], capacity: int) -> LossSeries:
    series = LossSeries(capacity=capacity)
    for turn, loss in enumerate(losses, start=1):
        series.add(turn, loss, loss / 2)
    return series


@given(LOSSES)
def test_memory_is_bounded(losses: list[float]) -> None:
    """There are never more buckets than the capacity, and all but the last hold the same number of turns."""
    series = filled(losses, 16)
    assert len(series) <= 16
    assert {bucket.last - bucket.first + 1 for bucket in series.buckets[:-1]} <= {series.stride}


@given(LOSSES)
def test_no_extreme_is_lost(losses: list[float]) -> None:
    """The lowest and the highest loss survive every halving."""
    buckets = filled(losses, 8).buckets
    assert (min(losses), max(losses)) == (min(b.low for b in buckets), max(b.high for b in buckets))


@given(LOSSES)
def test_buckets_cover_every_turn_in_order(losses: list[float]) -> None:
    """Each turn belongs to exactly one bucket."""
    buckets = filled(losses, 8).buckets
    assert list(range(1, len(losses) + 1)) == [turn for b in buckets for turn in range(b.first, b.last + 1)]


@given(LOSSES)
def test_the_newest_mean_is_kept(losses: list[float]) -> None:
    """The last bucket carries the smoothed loss of the last turn."""
    assert losses[-1] / 2 == filled(losses, 8).buckets[-1].ema


def test_the_newest_turns_are_known_singly() -> None:
    """However long the run, a close look at its end finds every turn; a wider one the whole run's buckets."""
    series = filled([float(turn) for turn in range(1, 10_001)], 8)
    close, wide = list(series.since(10_000 - RECENT + 1)), list(series.since(10_000 - RECENT))
    assert [(turn, turn) for turn in range(10_001 - RECENT, 10_001)] == [(bucket.low, bucket.high) for bucket in close]
    assert wide == [bucket for bucket in series.buckets if bucket.last >= 10_000 - RECENT]


def test_since_leaves_out_what_is_older() -> None:
    """A window of the curve begins with the bucket that holds its first turn."""
    assert [3, 4] == [bucket.first for bucket in filled([1.0, 2.0, 3.0, 4.0], 8).since(3)]
