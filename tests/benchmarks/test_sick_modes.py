"""Sick runs of the dungeon and of the duel meet their monsters, and healthy ones do not. The scripts print tables of many seeds."""

import pytest
import sick_duels
import sick_dungeons
import torch

SEED = 71
"""Of no run by which a bound was set."""
SHORT = {("dungeon", "cold"), ("dungeon", "large steps, old games")}
ROWS = [("dungeon", name) for name in sick_dungeons.ROWS] + [("duel", name) for name in sick_duels.ROWS]


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "name"), ROWS, ids=[": ".join(row) for row in ROWS])
def test_the_monster_comes_to_the_run_that_is_sick(request: pytest.FixtureRequest, mode: str, name: str) -> None:
    """And none of the mode's monsters comes to a healthy one."""
    if (mode, name) not in SHORT and not request.config.getoption("--long"):
        pytest.skip("with --long")
    benchmark = sick_dungeons if mode == "dungeon" else sick_duels
    sickness = benchmark.ROWS[name]
    learner = benchmark.learner_of(sickness, SEED)
    learner.prepare(["examine"])
    torch.set_num_threads(1)
    came = [monster for _, monster in benchmark.CLINIC.fallen_ill(learner, sickness).came]
    if sickness.monster:
        assert came[-1] == sickness.monster
    else:
        assert not benchmark.OWN & set(came)
