"""Where two stories differ: the rule by which values are the same."""

from dataclasses import replace
from math import nan

import pytest

from rolltrain_tui.protocol.events import DiceRolled, Examined
from rolltrain_tui.protocol.readings import Reading
from rolltrain_tui.runs.verification.differences import Difference, compare, same
from rolltrain_tui.runs.verification.rounding import Gap, gap


def test_nan_is_the_same_as_nan() -> None:
    """Alone, in records, tuples, lists and dictionaries; a number is not the same as NaN."""
    one, other = (Examined(3, (Reading("gap", float("nan"), None, 0.3),), ()) for _ in range(2))
    assert same(one, other)
    assert same([{"a": (float("nan"), 1)}], [{"a": (nan, 1)}])
    assert not same(one, replace(one, readings=(Reading("gap", 0.1, None, 0.3),)))
    assert compare(one, other) is None


def test_the_first_field_that_differs_is_named_with_both_values() -> None:
    """As it was recorded and as it was found; of two kinds of events the kinds, and dice by their own name."""
    one = DiceRolled(3, die=20, naturals=(7,), natural=7, modifier=2, total=9, dc=12, outcome="miss", k=1.0)
    other = replace(one, natural=8, total=10)
    assert compare(one, other) == Difference(3, "dice", "DiceRolled.natural", "7", "8")
    examined = Examined(3, (), ())
    assert compare(one, examined) == Difference(3, "story", "", "DiceRolled", "Examined")
    assert compare(examined, replace(examined, turn=4)) == Difference(3, "story", "Examined.turn", "3", "4")


@pytest.mark.parametrize(
    ("readings", "field", "found"),
    [
        ((("gap", 0.9), ("dead", 0.2)), "Examined.readings[1].value", "0.2"),
        ((("gap", 0.9),), "Examined.readings[1]", "'nothing more'"),
    ],
)
def test_of_a_long_field_the_part_that_differs_is_named(readings: tuple[tuple[str, float], ...], field: str, found: str) -> None:
    """With rounding or without, so that both values are seen where the whole would be cut to the same beginning."""
    one, other = (
        Examined(3, tuple(Reading(signal, value, None, 0.3) for signal, value in told), ())
        for told in ((("gap", 0.9), ("dead", 0.1)), readings)
    )
    for difference in (compare(one, other), gap(one, other).difference):
        assert difference is not None
        assert (difference.field, difference.found) == (field, found)


def test_a_run_that_did_not_tell_which_signs_are_of_youth_is_the_same_run() -> None:
    """What is read off the examination itself must still be the same, with rounding or without."""
    older = Examined(3, (Reading("gap", 0.9, None, 0.3),), ())
    found = replace(older, uncounted=("gap",))
    assert compare(older, found) is None
    assert gap(older, found) == Gap(True, 0.0, None)
    forged = replace(found, readings=(Reading("gap", 0.8, None, 0.3),))
    assert compare(older, forged) is not None
    assert not gap(older, forged).same_bits


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(0.0, -0.0), (1.0, nan), ([1.0], (1.0,)), ([1.0], [1.0, 1.0]), ({"a": 1.0}, {"b": 1.0}), (0.1 + 0.2, 0.3), ("a", 1.0)],
)
def test_what_differs(ours: object, theirs: object) -> None:
    """The last bit, the sign of zero, a length, a name or a type is enough."""
    assert not same(ours, theirs)
