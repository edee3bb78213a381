"""Every way to cheat of the benchmark, on a shorter run: found. The table of thirty is printed by class_grading.py."""

import json
from pathlib import Path

import pytest
from class_grading import Class, assignment, doctored, orders

from rolltrain_tui.classroom import children, examiner
from rolltrain_tui.classroom.grading import Grader, files_in

pytestmark = pytest.mark.slow
TURNS = 8


def test_ten_forgeries_are_found_and_the_honest_run_is_not_accused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Examined in this process, to save the start of children."""

    def forked(self: children.Children, folder: Path, more: str) -> int:
        found = examiner.reference(folder) if more else examiner.examine(folder)
        (folder / examiner.ANSWER).write_text(json.dumps(examiner.codec(type(found)).dump(found)))
        return 0

    monkeypatch.setattr(children.Children, "_forked", forked)
    room = Class(assignment(TURNS), tmp_path)
    room.hand_in("Honest", room.play("Honest", orders(3, TURNS)))
    ways = doctored(room, TURNS)
    for way, make in ways.items():
        room.hand_in(way, make(way))
    rows = {row.name: row.result for row in Grader(room.asked, tmp_path / "kept").rows(files_in(room.folder), lambda name, done, of: None)}
    assert rows.pop("Honest").outcome == "exact"
    assert len(rows) == len(ways) > 10
    assert {name: result.outcome for name, result in rows.items() if result.outcome not in ("contradicted", "refused")} == {}
