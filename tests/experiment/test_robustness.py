"""The original's questions: paired, with an interval, and answered no less plainly when the answer is no."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import nan, sqrt

import pytest

from rolltrain_tui.base.statistics import student_95
from rolltrain_tui.experiment import plots, report
from rolltrain_tui.experiment.grid import CONTROL, Arm, Cell
from rolltrain_tui.experiment.robustness import MEASURES, TITLES, answers, cells_of, strayed, summary, value_at
from rolltrain_tui.experiment.run import Outcome, Result, run_cell
from rolltrain_tui.experiment.table import Outcomes
from rolltrain_tui.modes.text import probes
from rolltrain_tui.protocol.objective import Objective

pytestmark = pytest.mark.slow

ARM = Arm("wizard", "hero", "none")
PLAIN = {measure.name: 1.0 for measure in MEASURES}


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of these tests writes a page as slowly as any other."""
    monkeypatch.setattr(probes, "CHARACTERS", 400)


def outcomes_of(ours: Sequence[dict[str, float]], losses: Sequence[float] | None = None) -> Outcomes:
    """The control arm has 1 everywhere and loss 2; the arm has these on seeds 0, 1, ..."""
    base = Result(value=2.0, best=2.0, train_loss=2.0, gflop=1.0, turns=4, ending="", objective=Objective(), curve=((0, 4.0), (4, 2.0)))
    found: dict[Cell, Outcome] = {}
    for seed, answered in enumerate(ours):
        found[Cell(CONTROL, seed, "", "", "", True)] = replace(base, probes=PLAIN, sketch=(0.0, 0.0))
        loss = 2.0 if losses is None else losses[seed]
        found[Cell(ARM, seed, "", "", "", True)] = replace(base, value=loss, probes=PLAIN | answered, sketch=(3.0, 4.0))
    return Outcomes(list(found), found)


def verdict(name: str, outcomes: Outcomes) -> str:
    return next(answer.verdict for answer in answers(outcomes) if answer.measure.name == name)


def test_interval_and_effect_size() -> None:
    """Mean ± t SE over the paired differences, d = mean / sd."""
    found = answers(outcomes_of([{"typos": 1 + x} for x in (0.1, 0.2, 0.3)]))
    answer = next(answer for answer in found if answer.measure.name == "typos")
    assert answer.difference.mean == pytest.approx(0.2)
    assert answer.margin == pytest.approx(student_95(3) * 0.1 / sqrt(3))
    assert answer.effect == pytest.approx(2.0)
    assert cells_of(answer)[:4] == ("typos 5 %", "wizard, hero, none", "1.0000", "+0.2000")


@pytest.mark.parametrize(
    ("differences", "losses", "expected"),
    [
        ((-0.1, -0.11, -0.09), None, "yes"),
        ((0.1, 0.11, 0.09), None, "no, the opposite"),
        ((0.1, -0.1, 0.05), None, "no measurable difference"),
        ((-0.1,), None, "no measurable difference"),
        ((nan, -0.1, nan), None, "no measurable difference"),
        ((-0.1, -0.11, -0.09), (3.0, 3.1, 3.05), "yes, at a worse loss"),
    ],
)
def test_verdicts(differences: Sequence[float], losses: Sequence[float] | None, expected: str) -> None:
    """A side only where the interval leaves zero out; and a model that merely learned less is not called robust without a word."""
    assert verdict("weight_noise_0.1", outcomes_of([{"weight_noise_0.1": 1 + x} for x in differences], losses)) == expected


def test_held_against_plain_training_at_an_equal_loss() -> None:
    """Where plain training was as robust when it had the arm's loss, the advantage is none; where the arm is better even so, it is."""
    base = outcomes_of([{"typos": 0.5 + x} for x in (0.0, 0.01, -0.01)], losses=[2.5, 2.5, 2.5])
    for then, expected in ((0.5, "as plain at that loss"), (0.9, "yes, at a worse loss")):
        along = ((3.0, {"typos": then}), (2.0, {"typos": then}))
        plain = {(arm, seed): replace(found, along=along) for (arm, seed), found in base.done.items() if arm == CONTROL}
        base.done |= plain
        lower = {key: replace(found, value=2.5) for key, found in base.done.items() if key[0] == ARM}
        base.done |= lower
        assert verdict("typos", base) == (expected if then == 0.5 else "yes")


def test_value_at_a_loss() -> None:
    """On the line between the two evaluations where the loss was first passed; never passed is not known."""
    points = [(4.0, 0.1), (3.0, 0.3), (3.5, 9.0), (2.0, 0.6)]
    assert value_at(points, 3.5) == pytest.approx(0.2)
    assert value_at(points, 4.0) == pytest.approx(0.1)
    assert value_at(points, 2.0) == pytest.approx(0.6)
    assert value_at(points, 1.0) != value_at(points, 1.0)
    assert value_at([], 1.0) != value_at([], 1.0)


def test_more_is_better_where_it_is() -> None:
    """For exploration the sign turns: more distinct words are a yes."""
    outcomes = outcomes_of([{"distinct": 1.1}, {"distinct": 1.11}, {"distinct": 1.09}])
    assert verdict("distinct", outcomes) == "yes"
    assert "1 say yes" in summary(answers(outcomes), "explore")
    assert "0 say yes" in summary(answers(outcomes), "robust")


def test_distance_from_plain_training() -> None:
    """In units of the control arm's own way: sketches 5 apart and a way of 1 make 5."""
    assert strayed(outcomes_of([{}, {}]), ARM) == 5.0


def test_measures_are_those_that_are_taken(
    tiny_grid: Callable[..., tuple[Cell, ...]], here: Callable[[Sequence[Cell]], Iterator[tuple[Cell, Outcome]]]
) -> None:
    """Real probed cells answer every measure, come back from JSON as they were, and make a report with both questions and a picture."""
    cells = tiny_grid(probes=True, policies="none", seeds=1)
    done = dict(here(cells))
    for outcome in done.values():
        assert isinstance(outcome, Result), outcome
        assert set(outcome.probes) == {measure.name for measure in MEASURES}
        assert len(outcome.sketch) == probes.SKETCH
        assert Result.of_json(outcome.as_json()) == outcome
    outcomes = Outcomes(cells, done)
    text = report.as_markdown(cells[0].config(), outcomes, [], "rolltrain compare")
    assert all(f"## {title}" in text for title in TITLES.values())
    assert all(measure.name in report.as_csv(outcomes).splitlines()[0] for measure in MEASURES)
    assert {"questions.png", "questions.svg"} <= set(plots.draw(outcomes))


def test_probes_change_no_result(tiny_grid: Callable[..., tuple[Cell, ...]]) -> None:
    """A probed run is the run it would have been; and it is another cell, so that the one is never taken for the other."""
    (plain, *_), (asked, *_) = tiny_grid(seeds=1)[1:], tiny_grid(seeds=1, probes=True)[1:]
    assert plain.sha256 != asked.sha256
    without, found = run_cell(plain), run_cell(asked)
    assert isinstance(found, Result)
    assert replace(found, probes={}, sketch=()) == without


def test_reports_without_probes_ask_nothing() -> None:
    """Where no run was asked, there is no section, no column and no picture about it."""
    base = Result(value=2.0, best=2.0, train_loss=2.0, gflop=1.0, turns=4, ending="", objective=Objective(), curve=((0, 4.0),))
    found: dict[Cell, Outcome] = {Cell(arm, 0, "", "", ""): base for arm in (CONTROL, ARM)}
    outcomes = Outcomes(list(found), found)
    assert answers(outcomes) == []
    assert "weight_noise" not in report.as_csv(outcomes)
    assert "questions.png" not in plots.draw(outcomes)


def test_pages_draw_any_number_of_arms() -> None:
    """A picture of intervals that are not there, of one seed, is drawn all the same."""
    assert "questions.png" in plots.draw(outcomes_of([{}]))
