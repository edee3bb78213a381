"""Results of finished runs, read from their event logs."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from support.endings import ENDED, HERO, events_of, ghost
from support.snapshots import snapshot

from rolltrain_tui.protocol.events import Event, Examined, SettingsChanged
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.log.event_log import Chronicle
from rolltrain_tui.runs.results import record_of, records_of, result_of, results_in

SCORE = Objective(name="R²", unit="", better="higher", step=0.1, limit=1.0, of_loss=False)


def written(folder: Path, events: Sequence[Event]) -> Path:
    folder.mkdir(parents=True)
    with Chronicle(folder / "chronicle.jsonl") as chronicle:
        for event in events:
            chronicle.append(event)
    return folder


def test_a_finished_run_is_judged_from_the_two_ends_of_its_log(tmp_path: Path) -> None:
    """However much lies between them."""
    between = [Examined(turn, (), ()) for turn in range(3000)]
    found = result_of(written(tmp_path / "run", events_of(plain=ghost(1.7), middle=between)))
    assert found is not None
    assert (ENDED, "won", 2000) == (found.ended, found.judgement.outcome, found.setup.turns)


def test_changed_settings_in_the_middle_are_seen(tmp_path: Path) -> None:
    change = SettingsChanged(50, (("optimizer.learning_rate", "1", "2"),), 2000, "hero", 20, 12, HERO)
    between = [change, *(Examined(turn, (), ()) for turn in range(3000))]
    found = result_of(written(tmp_path / "run", events_of(plain=ghost(1.7), middle=between)))
    assert found is not None
    assert "alone" == found.judgement.outcome


def test_finished_runs_are_listed_with_their_judgement(tmp_path: Path) -> None:
    """Won, lost, alone without a ghost; none while a run goes on, or where its story cannot be read. The value is the last one."""
    for name, plain, ending in (
        ("won", 1.7, "done"),
        ("lost", 1.2, "done"),
        ("alone", None, "done"),
        ("going", 1.7, None),
        ("torn", 1.7, "done"),
    ):
        run = written(tmp_path / name, events_of(plain=None if plain is None else ghost(plain)))
        saves.write(run, snapshot(3, ending=ending), name="", keep=3)
    (tmp_path / "torn" / "chronicle.jsonl").write_bytes(b"torn")
    listed = {run.folder.name: (run.outcome, run.value) for run in saves.list_runs(tmp_path)}
    ended = {name: (name, ENDED.value) for name in ("won", "lost", "alone")}
    assert listed == {**ended, "going": (None, 2.5), "torn": (None, 2.5)}


def test_a_run_that_goes_on_or_cannot_be_read_has_no_result(tmp_path: Path) -> None:
    going = written(tmp_path / "going", events_of()[:-1])
    torn = written(tmp_path / "torn", events_of())
    path = torn / "chronicle.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    (tmp_path / "empty").mkdir()
    assert [None, None, None] == [result_of(run) for run in (going, torn, tmp_path / "empty")]


@pytest.mark.parametrize(("objective", "best"), [(Objective(), "low"), (SCORE, "high")])
def test_the_best_run_follows_the_direction_of_the_objective(tmp_path: Path, objective: Objective, best: str) -> None:
    for name, value in (("low", 0.2), ("high", 0.9), ("middle", 0.5)):
        written(tmp_path / name, events_of(replace(ENDED, value=value), objective=objective))
    results = results_in(tmp_path)
    record = record_of(results, results[0].setup)
    assert record is not None
    assert (best, 3) == (record.best.folder.name, record.attempts)


def test_only_whole_runs_of_the_same_task_are_compared(tmp_path: Path) -> None:
    """Not one that fell, that spent its energy, that is no number, or that had another text."""
    written(tmp_path / "whole", events_of(plain=ghost()))
    written(tmp_path / "fallen", events_of(replace(ENDED, ending="fallen", value=0.1)))
    written(tmp_path / "spent", events_of(replace(ENDED, ending="spent", value=0.1)))
    written(tmp_path / "nan", events_of(replace(ENDED, value=float("nan"))))
    written(tmp_path / "other", events_of(replace(ENDED, value=0.1), objective=Objective()))
    results = results_in(tmp_path)
    setup = next(result.setup for result in results if result.folder.name == "whole")
    record = record_of(results, setup)
    assert record is not None
    assert ("whole", 1) == (record.best.folder.name, record.attempts)
    shipped = records_of(results, "The [/] GPT", 2000)
    assert shipped is not None
    assert 1 == shipped.attempts
    assert records_of(results, "Another", 2000) is None


def test_a_run_that_has_ended_meanwhile_is_seen(tmp_path: Path) -> None:
    """What was read before is not kept for a log that has grown."""
    folder = written(tmp_path / "run", events_of()[:-1])
    assert result_of(folder) is None
    with Chronicle(folder / "chronicle.jsonl") as chronicle:
        chronicle.append(ENDED)
    assert result_of(folder) is not None
