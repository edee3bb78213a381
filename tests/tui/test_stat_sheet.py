"""Arranging and buying ability scores."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolltrain_tui.rules.classes.classes import CLASSES, STATS
from rolltrain_tui.tui.stat_sheet import COSTS, POINTS, STANDARD_ARRAY, StatSheet

OWN = dict(zip(STATS, (16, 12, 14, 15, 10, 8), strict=True))
MOVES = st.lists(st.tuples(st.sampled_from(STATS), st.sampled_from((-1, 1))), max_size=60)


@given(moves=MOVES, primary=st.sampled_from(STATS))
def test_the_array_stays_the_array(moves: list[tuple[str, int]], primary: str) -> None:
    """However it is rearranged, the six scores are 15, 14, 13, 12, 10 and 8."""
    sheet = StatSheet.of(OWN).by("array", primary)
    for stat, by in moves:
        sheet = sheet.change(stat, by)
    assert sorted(STANDARD_ARRAY) == sorted(sheet.scores.values())


@given(moves=MOVES)
def test_points_are_never_overspent(moves: list[tuple[str, int]]) -> None:
    """Whatever is bought, scores stay from 8 to 15 and the 27 points are not overdrawn."""
    sheet = StatSheet.of(OWN).by("points", "STR")
    for stat, by in moves:
        sheet = sheet.change(stat, by)
    assert all(score in COSTS for score in sheet.scores.values())
    assert 0 <= sheet.points_left <= POINTS
    assert POINTS - sheet.points_left == sum(COSTS[score] for score in sheet.scores.values())


@given(stat=st.sampled_from(STATS), primary=st.sampled_from(STATS))
def test_there_and_back(stat: str, primary: str) -> None:
    """One step up and one down is where we were."""
    for way in ("array", "points"):
        sheet = StatSheet.of(OWN).by(way, primary)
        raised = sheet.change(stat, 1)
        if raised is not sheet:
            assert sheet.scores == raised.change(stat, -1).scores


@pytest.mark.parametrize("hero_class", CLASSES)
def test_the_array_suits_the_class(hero_class: str) -> None:
    """Laid out first, the array gives the class's own stat its best score."""
    primary = CLASSES[hero_class].primary
    assert 15 == StatSheet.of(OWN).by("array", primary).scores[primary]


def test_the_classic_purchase() -> None:
    """15, 15, 15, 8, 8, 8 costs exactly the 27 points; not one more can be bought."""
    sheet = StatSheet.of(OWN).by("points", "STR")
    for stat in ("STR", "CON", "INT"):
        for _ in range(7):
            sheet = sheet.change(stat, 1)
    assert (15, 15, 15, 0) == (sheet.scores["STR"], sheet.scores["CON"], sheet.scores["INT"], sheet.points_left)
    assert sheet.change("DEX", 1) is sheet


def test_own_scores_stand() -> None:
    """The campaign's own scores are not changed by the keys, and come back."""
    sheet = StatSheet.of(OWN)
    assert sheet.change("STR", -1) is sheet
    assert OWN == sheet.by("points", "STR").change("STR", 1).by("own", "STR").scores
