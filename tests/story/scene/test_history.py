"""The history of a run: what the full chart asks of any turn."""

import math

from hypothesis import given
from hypothesis import strategies as st
from support.panels import scene_after

from rolltrain_tui.protocol.events import AbilityEnded, AbilityUsed, Evaluated, Examined, MonsterAppeared, MonsterFell, StepTaken
from rolltrain_tui.protocol.readings import Reading
from rolltrain_tui.story.scene.history import CAPACITY, RECENT, History


def step(turn: int, loss: float = 2.0, *, finite: bool = True) -> StepTaken:
    return StepTaken(turn, loss, loss, 1.0, 1e-3, 1.0, 1.0, 0.1, 0.1, 64, float(turn), finite, ())


@given(st.integers(1, 3 * CAPACITY))
def test_memory_is_bounded_and_every_turn_has_its_row(turns: int) -> None:
    history = History()
    for turn in range(1, turns + 1):
        history.add(step(turn, float(turn)))
    assert len(history.turns) <= CAPACITY
    assert history.turns[-1] == turns
    for turn in {1, turns // 2 or 1, turns}:
        assert abs(history.row_at(turn)["loss"] - turn) <= history.stride
    for turn in range(max(1, turns - RECENT + 1), turns + 1):
        assert history.row_at(turn)["loss"] == turn
    assert not history.row_at(0)


@given(st.integers(1, 3 * CAPACITY))
def test_a_series_has_its_turns_in_order_and_the_newest_singly(turns: int) -> None:
    history = History()
    for turn in range(1, turns + 1):
        history.add(step(turn, float(turn)))
    series = history.series("loss")
    told = [turn for turn, _ in series]
    assert told == sorted(set(told))
    newest = min(turns, RECENT)
    assert [(turn, float(turn)) for turn in range(turns - newest + 1, turns + 1)] == series[-newest:]
    assert all(abs(value - turn) <= history.stride for turn, value in series)
    assert told[0] <= max(1, history.stride)


def test_a_turn_that_is_no_number_does_not_spoil_its_neighbours() -> None:
    history = History()
    for turn in range(1, 2 * CAPACITY + 3):
        history.add(step(turn, 1.0 if turn % 2 else math.nan, finite=bool(turn % 2)))
    assert all(value == 1.0 for value in history.columns["loss"][:-2])


def test_who_was_there_is_known_for_every_turn() -> None:
    """Also where an ability is used again before it ends, and where it is ended early."""
    history = History.of(
        [
            AbilityUsed(5, "rage", "", True, 1.5, 3, 1),
            MonsterAppeared(6, "gradient_ooze", "1/2", 9, 8, "update_ratio"),
            AbilityUsed(7, "rage", "", True, 1.5, 3, 0),
            AbilityEnded(8, "rage", "dismissed"),
            MonsterFell(9, "gradient_ooze", 50),
        ]
    )
    assert [[], ["rage"], ["rage"], ["rage"], []] == [history.there_at(turn, "ability") for turn in (4, 5, 7, 8, 9)]
    assert [[], ["gradient_ooze"], ["gradient_ooze"], []] == [history.there_at(turn, "monster") for turn in (5, 6, 9, 10)]


def test_an_evaluation_counts_until_the_next() -> None:
    first, second = Evaluated(0, 3.0, 0.1, 3.0, 3.0, True), Evaluated(20, 2.0, 0.1, 2.0, 2.0, True)
    history = History.of([first, second])
    assert [first, first, second, second] == [history.evaluation_at(turn) for turn in (0, 19, 20, 900)]
    assert History().evaluation_at(5) is None


def test_signals_are_kept_where_they_could_be_told() -> None:
    history = History.of([Examined(20, (Reading("update_ratio", 0.01, None, None), Reading("gap", math.nan, None, None)), ())])
    assert {"update_ratio": [(20, 0.01)]} == history.signals


def test_a_copy_stands_apart() -> None:
    scene = scene_after(40)
    copy = scene.copy()
    before = (copy.history.turns.copy(), len(copy.history.stays), copy.history.stays[-1].end)
    scene.history.add(step(41))
    scene.history.add(AbilityUsed(41, "rage", "", True, 1.5, 3, 1))
    assert before == (copy.history.turns, len(copy.history.stays), copy.history.stays[-1].end)
