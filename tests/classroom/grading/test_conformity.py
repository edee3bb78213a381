"""What a record shows of another task: settings that changed on the way, and another recording to be measured by."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.fakes import FakeExpedition, fake_config
from support.paths import CAMPAIGNS

from rolltrain_tui.classroom.assignments import assignment as assignments
from rolltrain_tui.classroom.assignments.assignment import Assignment
from rolltrain_tui.classroom.grading.conformity import NotTheAssignment, check, check_record
from rolltrain_tui.classroom.grading.record import Record
from rolltrain_tui.game import baseline
from rolltrain_tui.protocol.events import CampaignBegan, GhostSeen, SettingsChanged
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.sheet import BLANK


@pytest.fixture(scope="module")
def asked() -> Assignment:
    return assignments.new(CAMPAIGNS / "tutorial.yaml", (), assignments.FREE)


@pytest.fixture(scope="module")
def began() -> CampaignBegan:
    first = next(iter(FakeExpedition(Path("nowhere"), fake_config()).play(Inbox())))
    assert isinstance(first, CampaignBegan)
    return first


def changed(path: str, before: str, after: str) -> SettingsChanged:
    return SettingsChanged(7, ((path, before, after),), 100, "hero", 20, 12, BLANK)


def test_a_record_of_the_assignment_passes(asked: Assignment, began: CampaignBegan) -> None:
    """With its own recording beside it or none, and with changes of what is free."""
    assert asked.ghost is not None
    ours = baseline.parse(asked.ghost)
    check_record(asked, Record(began=began))
    check_record(asked, Record(began=began, ghost=GhostSeen(0, ours.seed, ours.points), changes=[changed("hero.name", '"A"', '"B"')]))


def test_a_record_of_something_else_is_refused(asked: Assignment, began: CampaignBegan) -> None:
    """Without a beginning, with a change of what is not free, or measured by a recording that is easier to beat."""
    assert asked.ghost is not None
    ours = baseline.parse(asked.ghost)
    easier = GhostSeen(0, ours.seed, tuple(replace(point, value=point.value + 1) for point in ours.points))
    for assignment, record, words in (
        (asked, Record(), "Its story has no beginning"),
        (asked, Record(began=began, changes=[changed("optimizer.learning_rate", "0.001", "0.5")]), "Its settings changed after turn 7"),
        (asked, Record(began=began, ghost=easier), "another recording of plain training"),
        (replace(asked, ghost=None), Record(began=began, ghost=easier), "another recording of plain training"),
    ):
        with pytest.raises(NotTheAssignment, match=words):
            check_record(assignment, record)


@pytest.mark.parametrize(("was", "most"), [(100, 1000), (3, 30), (0.5, 10), (0, 10)])
def test_a_number_that_may_differ_is_at_most_ten_times_as_large(was: float, most: float, asked: Assignment) -> None:
    """Ten times the assignment's, and at most ten where that has less than one: whoever grades trains it again."""
    free = replace(asked, free=(*asked.free, "turns"))
    check(free, [("turns", was, most), ("hero.name", "A", "B")])
    with pytest.raises(NotTheAssignment, match="at most 10 times"):
        check(free, [("turns", was, most + 1)])


@pytest.mark.parametrize(("count", "more"), [(1, ""), (3, ""), (4, "; and 1 more"), (9, "; and 6 more")])
def test_what_differs_is_named_up_to_three_times(count: int, more: str, asked: Assignment) -> None:
    """A sentence with every value would be a page."""
    with pytest.raises(NotTheAssignment) as refused:
        check(asked, [(f"model.{number}", 0, 1) for number in range(count)])
    assert str(refused.value).count("assigned is") == min(count, 3)
    assert str(refused.value).endswith(f"assigned is 0{more}.")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("hero.name", True),
        ("seed", True),
        ("pace.turns", True),
        ("seeds", False),
        ("hero", False),
        ("heroes.name", False),
        ("turns", False),
    ],
)
def test_what_a_student_may_change(path: str, allowed: bool, asked: Assignment) -> None:
    """A value that is named, and every value of a section that is; no other that only begins like it."""
    assert asked.allows(path) == allowed
