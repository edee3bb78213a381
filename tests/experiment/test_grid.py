"""The grid, its cells, and a sweep over them."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from support.ghosts import record

from rolltrain_tui.base.jobs.own_workers import OwnWorkers
from rolltrain_tui.cli.shared.executors import LOADED
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.experiment import cell_store
from rolltrain_tui.experiment.compare import Execute, sweep
from rolltrain_tui.experiment.grid import CONTROL, Arm, Cell, ExperimentError, chosen, grid
from rolltrain_tui.experiment.run import Failure, Outcome, Result, run_cell, run_side_by_side
from rolltrain_tui.modes import build as build_learner


class Deadly(Cell):
    """A cell that ends the process which unpacks it."""

    def __reduce__(self) -> tuple[Callable[[int], object], tuple[int]]:
        return os._exit, (9,)


def quiet(text: str) -> None:
    pass


def test_the_control_arm_is_always_there(tiny_grid: Callable[..., tuple[Cell, ...]]) -> None:
    """Whatever is asked for, plain training comes first, on every seed."""
    cells = tiny_grid(classes="rogue,cleric", rulebooks="source,off", policies="none,oracle", seeds=3)
    assert [(CONTROL, 7), (CONTROL, 8), (CONTROL, 9)] == [(cell.arm, cell.seed) for cell in cells[:3]]
    assert len(cells) == 3 + 2 * 2 * 2 * 3
    assert len({cell.sha256 for cell in cells}) == len(cells)


def test_arms_differ_in_nothing_else(tiny_grid: Callable[..., tuple[Cell, ...]]) -> None:
    """On one seed two arms have the same campaign but for class and rulebook, without a twin, and nothing triggers by itself."""
    first, second = (cell.config() for cell in tiny_grid("hero.auto=[rage]", classes="rogue,cleric", seeds=1)[1:])
    assert first.model_copy(update={"hero": second.hero}) == second
    assert (first.hero.auto, first.twin.mode, first.device.threads) == ([], "off", 1)


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ({"classes": "wizrd"}, '"wizard"'),
        ({"rulebooks": "hro"}, '"hero"'),
        ({"policies": "none,orcle"}, '"oracle"'),
        ({"rulebooks": "custom"}, "Known:"),
        ({"classes": " , "}, "at least one class"),
    ],
)
def test_wrong_names(tiny_grid: Callable[..., tuple[Cell, ...]], given: dict[str, str], hint: str) -> None:
    """A name that is not known is told with the nearest that is."""
    with pytest.raises(ExperimentError) as error:
        tiny_grid(**given)
    assert hint in str(error.value)


def test_an_oracle_needs_examinations(tiny_grid: Callable[..., tuple[Cell, ...]]) -> None:
    """Where a campaign makes no examinations the oracle would be blind, so it is refused with the remedy."""
    with pytest.raises(ExperimentError, match=r"diagnosis\.examine=true"):
        tiny_grid("diagnosis.examine=false", policies="oracle")


def test_names_are_taken_once() -> None:
    """Spaces and repetitions in a list of names do not matter."""
    assert chosen(" b, a,b ", ["a", "b"], "letter") == ("b", "a")


def test_the_same_cell_gives_the_same_numbers(tiny_grid: Callable[..., tuple[Cell, ...]]) -> None:
    """A cell run twice gives equal results, bit for bit; another seed gives others."""
    _, _, cell, other = tiny_grid()
    first = run_cell(cell)
    assert isinstance(first, Result)
    assert first == run_cell(cell) != run_cell(other)


def test_plain_training_is_the_ghost(tiny_grid: Callable[..., tuple[Cell, ...]]) -> None:
    """The control arm's curve is the ghost that would be recorded."""
    cell = tiny_grid("camps.every=4")[0]
    result, config = run_cell(cell), cell.config()
    assert isinstance(result, Result)
    ghost = record(config, build_learner(config, base=Path(cell.base)))
    assert tuple((point.turn, point.value) for point in ghost.points) == result.curve


def test_a_closed_book_in_idle_hands_is_plain_training(tiny_grid: Callable[..., tuple[Cell, ...]]) -> None:
    """Rulebook off, no encounters, nothing pressed, nobody wounded: the very losses of the control arm."""
    control, arm = tiny_grid("encounters.mode=off", rulebooks="off", policies="none", seeds=1)
    plain, played = run_cell(control), run_cell(arm)
    assert isinstance(plain, Result)
    assert isinstance(played, Result)
    assert (plain.value, plain.curve, plain.train_loss) == (played.value, played.curve, played.train_loss)


@pytest.mark.slow
def test_interrupted_and_resumed(tiny_grid: Callable[..., tuple[Cell, ...]], here: Execute, tmp_path: Path) -> None:
    """A sweep that stops half-way and is called again runs only what is missing, and ends with the same table."""
    cells = tiny_grid()
    whole = sweep(cells, tmp_path / "whole", here, quiet)
    part = sweep(cells, tmp_path / "parts", lambda left: here(left[:2]), quiet)
    assert (0, 2) == (whole.missing, part.missing)
    asked: list[Cell] = []

    def rest(left: Sequence[Cell]) -> Iterator[tuple[Cell, Outcome]]:
        asked.extend(left)
        return here(left)

    resumed = sweep(cells, tmp_path / "parts", rest, quiet)
    assert tuple(asked) == cells[2:]
    assert (resumed.text(), resumed.missing) == (whole.text(), 0)


def test_a_failure_is_a_row_and_is_tried_again(tiny_grid: Callable[..., tuple[Cell, ...]], here: Execute, tmp_path: Path) -> None:
    """A run that fails is told in the table, and the next call runs it and no other."""
    cells = tiny_grid()

    def failing(left: Sequence[Cell]) -> Iterator[tuple[Cell, Outcome]]:
        return ((cell, Failure("the forge went cold") if cell is cells[-1] else run_cell(cell)) for cell in left)

    told: list[str] = []
    broken = sweep(cells, tmp_path, failing, told.append)
    assert "failed: the forge went cold" in told[-1]
    assert list(broken.outcomes.failed) == [(cells[-1].arm, cells[-1].seed)]
    mended = sweep(cells, tmp_path, here, told.append)
    assert f"{len(cells) - 1} of {len(cells)} runs were finished before" in told[-2]
    assert mended.outcomes.failed == {}


def test_a_cell_that_cannot_run_is_a_failure(tiny_grid: Callable[..., tuple[Cell, ...]]) -> None:
    """Whatever a run raises becomes its outcome, in words."""
    cell = replace(tiny_grid()[0], campaign="{}")
    outcome = run_cell(cell)
    assert isinstance(outcome, Failure)
    assert "ValidationError" in outcome.error


def test_damaged_and_foreign_files_are_passed_over(tiny_grid: Callable[..., tuple[Cell, ...]], tmp_path: Path) -> None:
    """Only an undamaged file with the cell's own hash is a finished cell."""
    cell = tiny_grid()[0]
    result = run_cell(cell)
    assert isinstance(result, Result)
    cell_store.write(tmp_path, cell, result)
    assert cell_store.read(tmp_path, cell) == result
    path = cell_store.path_of(tmp_path, cell)
    text = path.read_text(encoding="utf-8")
    for damaged in (text[:40], text.replace(cell.sha256, "0" * 64), text.replace('"curve"', '"cure"'), "[]", "null", "[" * 100_000):
        path.write_text(damaged, encoding="utf-8")
        assert cell_store.read(tmp_path, cell) is None
    path.unlink()
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        cell_store.read(tmp_path, cell)  # before it is run, and its result could not be stored


def test_a_changed_campaign_is_another_cell(tiny_grid: Callable[..., tuple[Cell, ...]]) -> None:
    """Any value that decides a run changes the hash by which it is found."""
    hashes = {tiny_grid(*overrides)[0].sha256 for overrides in ((), ("optimizer.learning_rate=1e-3",), ("turns=13",), ("seed=3",))}
    assert len(hashes) == 4


def test_a_folder_that_cannot_be_made_is_told_with_the_remedy(
    tiny_grid: Callable[..., tuple[Cell, ...]], here: Execute, tmp_path: Path
) -> None:
    (tmp_path / "results").write_text("mine")
    with pytest.raises(ExperimentError, match=r"results cannot be made .*; name another folder with --out"):
        sweep(tiny_grid(), tmp_path / "results", here, quiet)


def test_another_text_is_another_cell(tiny_config: Callable[..., CampaignConfig], tmp_path: Path) -> None:
    """The text counts and not its place; one that cannot be read is told with the remedy."""
    config = tiny_config("data.corpus=file", "data.path=mine.txt")

    def cell(folder: str, text: str) -> Cell:
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "mine.txt").write_text(text)
        return grid(config, tmp_path / folder, classes="wizard", rulebooks="hero", policies="random", seeds=1)[0]

    one, other = cell("here", "to be or not to be"), cell("there", "to be or not to bee")
    assert one.data_sha256 != other.data_sha256
    assert one.sha256 != other.sha256
    assert one.data_sha256 == cell("there", "to be or not to be").data_sha256
    with pytest.raises(ExperimentError, match=r"mine\.txt cannot be read .*; put the file beside the campaign"):
        grid(config, tmp_path, classes="wizard", rulebooks="hero", policies="random", seeds=1)


def test_losses_that_are_not_finite_are_kept(tiny_grid: Callable[..., tuple[Cell, ...]], tmp_path: Path) -> None:
    """A run that blew up is a result: its losses are null in the file and NaN when read, and nothing crashes on them."""
    cell = tiny_grid()[0]
    found = run_cell(cell)
    assert isinstance(found, Result)
    cell_store.write(tmp_path, cell, replace(found, value=float("inf"), curve=((0, float("nan")),)))
    kept = cell_store.read(tmp_path, cell)
    assert kept is not None
    assert kept.value != kept.value
    assert kept.curve[0][1] != kept.curve[0][1]


@pytest.mark.slow
def test_workers_give_the_same_and_survive_a_death(tiny_grid: Callable[..., tuple[Cell, ...]]) -> None:
    """Processes side by side bring what this one would; one that dies costs its cell alone."""
    cells = tiny_grid(seeds=1)
    poison = Deadly(Arm("wizard", "hero", "none"), 0, "", "", "")
    found = dict(run_side_by_side((poison, *cells), OwnWorkers(1, LOADED), lambda: False))
    assert {cell: run_cell(cell) for cell in cells} == {cell: found[cell] for cell in cells}
    assert isinstance(died := found[poison], Failure)
    assert "its process ended with code 9, 2 times" in died.error


@pytest.mark.slow
def test_workers_stop_when_told(tiny_grid: Callable[..., tuple[Cell, ...]]) -> None:
    """After the word no further cell is begun, and what is finished has been handed over."""
    cells = tiny_grid(seeds=2)
    done: list[Cell] = []
    for cell, _ in run_side_by_side(cells, OwnWorkers(1, LOADED), lambda: bool(done)):
        done.append(cell)
    assert done == [cells[0]]
