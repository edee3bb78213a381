"""What every turn counts, in loops that the package owns and in those it does not."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rolltrain_tui.base.statistics import Smoothed
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.game.turn import Progress, TurnCycle
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.learner import Evaluation, LearnerInfo, StepReport
from rolltrain_tui.protocol.objective import Objective

INFO = LearnerInfo(
    parameters=1,
    model="",
    objective=Objective(chance=math.log(8), limit=1.0),
    device="cpu",
    dtype="float32",
    threads=1,
    tokens_per_turn=1,
    gflop_per_turn=1.0,
)


class Nothing:
    """Training whose state nobody keeps."""

    def remember(self, evaluation: Evaluation) -> None:
        pass

    def snapshot(self) -> None:
        pass


def report(loss: float) -> StepReport:
    norms: dict[str, Any] = {"grad_norm": 1.0, "lr": 0.1, "proposed_norm": 0.0, "applied_norm": 0.0, "k_requested": 1.0, "k_effective": 1.0}
    return StepReport(loss=loss, tokens=1, gflop=2.0, seconds=0.0, finite=math.isfinite(loss), **norms)


def evaluation(loss: float) -> Evaluation:
    return Evaluation(value=loss, standard_error=0.1, count=4, gflop=0.5)


def test_a_running_mean() -> None:
    """0.95 of the old and 0.05 of the new; the first value is the first mean."""
    mean = Smoothed()
    assert (mean.add(4.0), mean.add(2.0)) == (4.0, 0.95 * 4.0 + (1 - 0.95) * 2.0)


def test_progress() -> None:
    """The smoothed loss, the best and the energy, whatever the loop. A step that was not finite moves no mean."""
    progress = Progress(Objective())
    assert math.isnan(progress.train_loss)
    first = progress.evaluated(0, evaluation(3.0))
    assert (first.best, first.train_loss, first.improved) == (3.0, 3.0, True)
    assert progress.stepped(1, report(math.inf)).loss_ema == 3.0
    assert progress.stepped(2, report(5.0)).loss_ema == 5.0
    worse = progress.evaluated(2, evaluation(4.0))
    assert (worse.best, worse.train_loss, worse.improved) == (3.0, 5.0, False)
    assert progress.gflop == 5.0


@pytest.mark.parametrize(
    ("turn", "gflop", "fallen", "ending"),
    [
        (12, 0.0, False, "victory"),
        (12, 9.0, False, "victory"),
        (5, 9.0, False, "spent"),
        (12, 0.0, True, "fallen"),
        (5, 9.0, True, "fallen"),
    ],
)
def test_how_a_run_ends(turn: int, gflop: float, fallen: bool, ending: str, tiny_config: Callable[..., CampaignConfig]) -> None:
    """The fallen have fallen; the last turn is a victory, whatever it cost; before it, the energy is spent."""
    cycle = TurnCycle(tiny_config("adventure.energy=8"), Nothing(), INFO)
    cycle.turn, cycle.progress.gflop, cycle.game.life.fallen = turn, gflop, fallen
    assert (cycle.over, cycle.ending) == (True, ending)


def test_a_camp_is_due_at_its_turn_and_not_after_a_fall(tiny_config: Callable[..., CampaignConfig]) -> None:
    """A fallen hero returns to the camp before: a camp of the turn of the fall would take its place."""
    cycle = TurnCycle(tiny_config("camps.every=5"), Nothing(), INFO)
    for turn, due in ((4, False), (5, True), (6, False), (10, True)):
        cycle.turn = turn
        assert cycle.camp_due == due
    cycle.game.life.rollback_due = True
    assert not cycle.camp_due


def test_a_step_tells_the_levers_that_acted(tiny_config: Callable[..., CampaignConfig]) -> None:
    """All of its effect; where the loop took no step, those that measured what they did all the same."""
    cycle = TurnCycle(tiny_config(), Nothing(), INFO)
    measured = {"rollback": 0.5}
    for taken, found, told in ((True, {}, ("update_scale", "rollback")), (False, {}, ()), (False, measured, ("rollback",))):
        cycle.begin([])
        cycle.effect = StepEffect(update_scale=0.5, rollback=True)
        step, _ = cycle.end(replace(report(2.0), optimizer_steps=int(taken), k_effective=0.5 if taken else None, measured=found))
        assert set(step.levers) == set(told)


def test_the_rules_know_the_loss_of_guessing(tiny_config: Callable[..., CampaignConfig]) -> None:
    """The logarithm of the vocabulary; none where there is no vocabulary."""
    assert TurnCycle(tiny_config(), Nothing(), INFO).game.monitor.objective.chance == math.log(8)
