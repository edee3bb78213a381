"""Scores and verdicts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.arena.training.scores import better, originality, quality, ranks, score_of

SCORES = st.lists(st.floats(0, 100), min_size=5, max_size=5)


def test_formulas() -> None:
    """Q, U and the score are what the codex says they are."""
    assert 0.0 == quality(math.log(55), 55) == quality(100.0, 55) == quality(math.nan, 55) == quality(math.inf, 55)
    assert 50.0 == quality(math.log(55) / 2, 55)
    assert pytest.approx(math.sqrt(50 * 80)) == score_of(math.log(55) / 2, 55, 0.8).score


def test_originality() -> None:
    """Empty and repeated lines count for nothing, known ones are verbatim, a part of a known line is the agent's own; a cut line is not."""
    text = "Anna Bell\nTom Cole\n"
    found = originality(["Anna Bell", "Anna", "Anna", "", "Zed", "Tom Co"], text, longest=6)
    assert (6, 4, 2, 2) == (found.asked, found.distinct, found.verbatim, found.novel)
    assert 2 / 6 == found.uniqueness


@given(ours=SCORES, theirs=SCORES)
def test_better_is_antisymmetric(ours: list[float], theirs: list[float]) -> None:
    """Whoever is better from one side is worse from the other, and nobody is better than itself."""
    assert better(ours, theirs) == -better(theirs, ours)
    assert 0 == better(ours, ours)


def test_better() -> None:
    """A steady difference decides, a noisy or a tiny one does not, and one seed decides nothing but a total loss."""
    assert 1 == better([50, 51, 52], [40, 41, 42.5])
    assert 0 == better([50, 10, 90], [40, 41, 42])
    assert 0 == better([50.001, 50.002, 50.003], [50, 50, 50])
    assert 0 == better([50], [40])
    assert 1 == better([50], [0])


@given(table=st.lists(SCORES, min_size=2, max_size=6))
def test_ranks(table: list[list[float]]) -> None:
    """There is always a first; ranks follow the means; a rank is one more than the number of those before it."""
    found = ranks(table)
    assert 1 in found
    for a, b in zip(table, found, strict=True):
        assert all(rank <= b or sum(other) <= sum(a) + 1e-6 for other, rank in zip(table, found, strict=True))
    assert all(sum(rank < own for rank in found) == own - 1 for own in found)
