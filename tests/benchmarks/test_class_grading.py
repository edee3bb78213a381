"""Every way to cheat of the benchmark, on a shorter run: found. The table of thirty is printed by class_grading.py."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from class_grading import ELSEWHERE, Class, assignment, doctored, orders, sent_elsewhere

from rolltrain_tui.classroom.assignments import assignment as assignments
from rolltrain_tui.classroom.grading import children, examiner
from rolltrain_tui.classroom.grading.grading import Grader, files_in

pytestmark = pytest.mark.slow
TURNS = 8


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Examinations happen in this process, to save the start of children."""

    def forked(self: children.Children, folder: Path, more: str) -> int:
        found = examiner.reference(folder) if more else examiner.examine(folder)
        (folder / examiner.ANSWER).write_text(json.dumps(examiner.codec(type(found)).dump(found)))
        return 0

    monkeypatch.setattr(children.Children, "_forked", forked)


def test_honest_runs_from_other_kinds_of_cpu_are_not_accused(
    tmp_path: Path, here: None, count: Callable[[int, int], int], tally: Callable[[str], None]
) -> None:
    """They are played with instructions switched off, and their numbers differ. With --long on three kinds, else on the furthest."""
    room, kinds = Class(assignment(TURNS), tmp_path), ELSEWHERE[-count(1, len(ELSEWHERE)) :]
    assignments.write(tmp_path / "hw.class", room.asked)
    for number, limits in enumerate(kinds):
        sent_elsewhere(tmp_path, number, TURNS, limits)
    found = [row.result for row in Grader(room.asked, tmp_path / "kept").rows(files_in(room.folder), lambda name, done, of: None)]
    assert [result.outcome for result in found] == ["consistent"] * len(kinds)
    tally(f"{len(kinds)} honest runs from other kinds of CPU: none accused")


FEW = ("losses lowered", "a natural 20, elsewhere", "an order never given", "a hidden learning rate", "settings changed midway")


def test_forgeries_are_found_and_the_honest_run_is_not_accused(
    tmp_path: Path, here: None, count: Callable[[int, int], int], tally: Callable[[str], None]
) -> None:
    """Five ways to cheat, with --long all of them."""
    room = Class(assignment(TURNS), tmp_path)
    room.hand_in("Honest", room.play("Honest", orders(3, TURNS)))
    ways = {name: make for name, make in doctored(room, TURNS).items() if name in FEW or count(0, 1)}
    for way, make in ways.items():
        room.hand_in(way, make(way))
    rows = {row.name: row.result for row in Grader(room.asked, tmp_path / "kept").rows(files_in(room.folder), lambda name, done, of: None)}
    assert rows.pop("Honest").outcome == "exact"
    assert len(rows) == len(ways) >= len(FEW)
    assert {name: result.outcome for name, result in rows.items() if result.outcome not in ("contradicted", "refused")} == {}
    tally(f"{len(ways)} ways to cheat: all found")
