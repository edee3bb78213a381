"""An experiment in parts is the experiment in one piece."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.shell import Answer

from rolltrain_tui.experiment import cell_store
from rolltrain_tui.experiment.compare import Comparison, sweep
from rolltrain_tui.experiment.grid import Cell, ExperimentError
from rolltrain_tui.experiment.run import Outcome
from rolltrain_tui.experiment.shards import EXPERIMENT, Experiment, Shard, merged
from rolltrain_tui.experiment.table import Outcomes

Execute = Callable[[Sequence[Cell]], Iterator[tuple[Cell, Outcome]]]
Grid = Callable[..., tuple[Cell, ...]]
NOTHING = {"campaign": "{", "arms": [], "seeds": [], "probes": False, "data_sha256": ""}


def run(shard: str, cells: Sequence[Cell], folder: Path, here: Execute) -> Comparison:
    """One part, as `compare --shard` runs it."""
    Experiment.of(cells[0].config(), cells, "rolltrain compare").write(folder)
    return sweep(Shard.of(shard).part(cells), folder, here, lambda words: None)


@given(st.integers(1, 40), st.integers(1, 12))
def test_every_cell_is_in_one_part(cells: int, count: int) -> None:
    parts = [Shard(index, count).part(range(cells)) for index in range(1, count + 1)]  # type: ignore[arg-type]
    assert list(range(cells)) == sorted(cell for part in parts for cell in part)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("words", ["0/4", "5/4", "x", "", "1/", "-1/4", "1/0", "٣/٤", "1/4/2", "1/99999999"])
def test_a_part_that_is_none_is_a_mistake_with_its_remedy(words: str) -> None:
    with pytest.raises(ExperimentError, match="write I/N with I from 1 to N"):
        Shard.of(words)


@pytest.mark.slow
def test_merged_parts_equal_the_whole_in_every_digit(tiny_grid: Grid, here: Execute, tmp_path: Path) -> None:
    """Parts in one folder each, below one folder, give the tables and results of the experiment in one piece."""
    cells = tiny_grid("turns=4", "schedule.warmup_turns=1", seeds=3)
    whole = sweep(cells, tmp_path / "whole", here, lambda words: None)
    for index in (1, 2, 3, 4):
        run(f"{index}/4", cells, tmp_path / "parts" / str(index), here)
    experiment, found, outcomes = merged(tmp_path / "parts")
    assert [cell.sha256 for cell in cells] == [cell.sha256 for cell in found]
    assert whole.text() == Comparison(Outcomes(found, outcomes), 0).text()
    assert [whole.outcomes.done[cell.arm, cell.seed] for cell in cells] == [outcomes[cell] for cell in found]
    assert experiment.config() == cells[0].config()


def test_what_is_missing_is_missing(tiny_grid: Grid, here: Execute, tmp_path: Path) -> None:
    cells = tiny_grid("turns=4", "schedule.warmup_turns=1")
    run("2/2", cells, tmp_path, here)
    _, found, outcomes = merged(tmp_path)
    assert [cell.label for cell in found[1::2]] == [cell.label for cell in outcomes]


@pytest.mark.parametrize("damage", ["", "{", "[]"])
def test_a_part_with_a_damaged_page_can_be_run_again(damage: str, tiny_grid: Grid, here: Execute, tmp_path: Path) -> None:
    """As the error says that asks for it; what was finished stays."""
    cells = tiny_grid("turns=4", "schedule.warmup_turns=1")
    first = run("1/2", cells, tmp_path, here)
    (tmp_path / EXPERIMENT).write_text(damage, "utf-8")
    with pytest.raises(ExperimentError, match=r"run the part in .* again"):
        merged(tmp_path)
    assert run("1/2", cells, tmp_path, lambda cells: iter([*cells][:0])).text() == first.text()
    assert len(merged(tmp_path)[2]) == 2


def test_parts_are_put_together_in_a_new_folder(tiny_grid: Grid, here: Execute, call: Callable[..., Answer], tmp_path: Path) -> None:
    """Tables and report go where --out says, which need not be there yet."""
    run("1/1", tiny_grid("turns=4", "schedule.warmup_turns=1"), tmp_path / "parts", here)
    answer = call("compare", "--merge", tmp_path / "parts", "--out", tmp_path / "deep" / "report")
    assert answer.code == 0, answer.err
    assert {"results.csv", "report.md"} <= {path.name for path in (tmp_path / "deep" / "report").iterdir()}
    (tmp_path / "file").write_text("", "utf-8")
    answer = call("compare", "--merge", tmp_path / "parts", "--out", tmp_path / "file")
    assert answer.code == 2
    assert "cannot be made (File exists); name another folder with --out" in answer.err


def test_parts_of_different_experiments_are_named_and_refused(tiny_grid: Grid, tmp_path: Path) -> None:
    for name, seeds in (("a", 2), ("b", 3)):
        Experiment.of((cells := tiny_grid(seeds=seeds))[0].config(), cells, "").write(tmp_path / name)
    with pytest.raises(ExperimentError, match=r"different experiments: .*b \(.*on 3 seeds\)"):
        merged(tmp_path)
    with pytest.raises(ExperimentError, match=r"another experiment \(.*on 2 seeds\); name another folder with --out"):
        Experiment.of(cells[0].config(), cells, "").write(tmp_path / "a")


def test_foreign_cells_are_listed(tiny_grid: Grid, here: Execute, tmp_path: Path) -> None:
    cells, others = tiny_grid("turns=4", "schedule.warmup_turns=1"), tiny_grid("turns=5", "schedule.warmup_turns=1")
    run("1/4", cells, tmp_path, here)
    stranger = cell_store.path_of(tmp_path, others[0])
    stranger.write_text("{}")
    with pytest.raises(ExperimentError, match=f"{stranger.name}.*Take them out"):
        merged(tmp_path)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (None, "no part of an experiment"),
        ("{", "cannot be read"),
        ("[]", "does not describe an experiment"),
        ("[" * 100_000, "nested too deeply"),
        (json.dumps({"format": 99}), "newer rolltrain"),
        (
            json.dumps({"format": 1, "campaign": "{}", "arms": [[1]], "seeds": ["x"], "probes": False, "data_sha256": ""}),
            "does not describe",
        ),
        (json.dumps({"format": 1, "campaign": "{", "arms": [], "seeds": [], "probes": False, "data_sha256": ""}), "cannot be read by this"),
    ],
)
def test_a_folder_that_holds_no_experiment_is_a_sentence(page: str | None, words: str, tmp_path: Path) -> None:
    if page is not None:
        (tmp_path / EXPERIMENT).write_text(page)
    with pytest.raises(ExperimentError, match=words):
        merged(tmp_path)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("--shard 5/999", 0, "Part 5 of 999 has nothing to run: the experiment has 4 runs in all."),
        ("--shard 0/4", 2, "is no part: write I/N"),
        ("--shard 5/4", 2, "is no part: write I/N"),
        ("--shard 1/4 --json", 2, "--json goes with --merge"),
        ("--shard 1/4 --merge .", 2, "--merge DIR takes neither CAMPAIGN nor --shard"),
    ],
)
def test_a_part_that_runs_nothing_says_why(words: str, code: int, told: str, call: Callable[..., Answer], tmp_path: Path) -> None:
    """A part beyond the last run is no mistake, as in an array of a queue that is longer than the experiment."""
    arms = "--classes wizard --rulebooks off --policies random --seeds 2 --steps 10"
    answer = call("compare", "tutorial", *arms.split(), "--out", tmp_path / "x", *words.split())
    assert (code, "") == (answer.code, answer.out)
    assert told in answer.err
