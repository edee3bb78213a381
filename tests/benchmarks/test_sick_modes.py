"""Sick runs of the dungeon and of the duel meet their monsters, and healthy ones do not. The scripts print tables of many seeds."""

import pytest
import sick_duels
import sick_dungeons
import torch

from rolltrain_tui.base.statistics import Smoothed

SEED = 71
"""Of no run by which a bound was set."""
ILL = {("duel", "self-play"): 150}
"""Other seeds, where the run falls ill soon."""
SHORT = {("dungeon", "cold"), ("dungeon", "large steps, old games"), ("duel", "no new games")}
ROWS = [("dungeon", name) for name in sick_dungeons.ROWS] + [("duel", name) for name in sick_duels.ROWS]


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "name"), ROWS, ids=[": ".join(row) for row in ROWS])
def test_the_monster_comes_to_the_run_that_is_sick(request: pytest.FixtureRequest, mode: str, name: str) -> None:
    """And none of the mode's monsters comes to a healthy one."""
    if (mode, name) not in SHORT and not request.config.getoption("--long"):
        pytest.skip("with --long")
    benchmark = sick_dungeons if mode == "dungeon" else sick_duels
    sickness = benchmark.ROWS[name]
    learner = benchmark.learner_of(sickness, ILL.get((mode, name), SEED))
    learner.prepare(["examine"])
    torch.set_num_threads(1)
    course = (sickness.clinic or benchmark.CLINIC).fallen_ill(learner, sickness)
    assert course.shows(sickness) if sickness.monsters else not benchmark.OWN & {monster for _, monster in course.came}


@pytest.mark.slow
def test_what_the_row_of_a_monster_orders_helps(request: pytest.FixtureRequest) -> None:
    """More than nothing and more than a wrong dial: of a host that played no new games."""
    if not request.config.getoption("--long"):
        pytest.skip("with --long")
    sickness = sick_duels.ROWS["no new games, longer"]
    clinic = sickness.clinic or sick_duels.CLINIC
    learner = sick_duels.learner_of(sickness, SEED)
    torch.set_num_threads(1)
    clinic.fallen_ill(learner, sickness)
    nothing, right, wrong = (clinic.trained(learner.fork(), sickness.cure, dials) for dials in ((), sickness.right, sickness.wrong))
    assert right < min(nothing, wrong) - 0.1, f"nothing {nothing:.3f}, counter {right:.3f}, wrong {wrong:.3f}"


@pytest.mark.parametrize(("turns", "epsilon"), [(2, None), (3, 0.0)])
def test_the_dials_that_make_a_run_sick_are_turned_in_their_turn(turns: int, epsilon: float | None) -> None:
    """Before it the campaign's schedule holds."""
    sickness = sick_duels.Sickness((), turns=turns, turned=(3, (("epsilon", "0"),)))
    learner = sick_duels.learner_of(sickness, SEED)
    sick_duels.CLINIC.fallen_ill(learner, sickness)
    assert learner.side.settings.epsilon == epsilon


def test_a_course_tells_the_largest_gradient_as_a_multiple_of_the_average_before_it() -> None:
    """The first ten gradients are none."""
    sickness = sick_duels.Sickness((), turns=95)
    course = sick_duels.CLINIC.fallen_ill(sick_duels.learner_of(sickness, SEED), sickness)
    average, multiples = Smoothed(), []
    for norm in course.gradients:
        multiples.append(norm / (average.value or norm))
        average.add(norm)
    assert course.spike == pytest.approx(max(multiples[10:]))
