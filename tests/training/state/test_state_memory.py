"""What a learner keeps of past turns: measured honestly, read back strictly, and as good as the objective says."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.optim import SGD

from rolltrain_tui.modes.text.learner import TextLearner
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.learner import Evaluation
from rolltrain_tui.protocol.objective import Better, Objective
from rolltrain_tui.training.levers.levers import Levers
from rolltrain_tui.training.state.layer_history import LayerHistory
from rolltrain_tui.training.state.snapshots import LearnerStateError
from rolltrain_tui.training.state.state_memory import BestCheckpoints, Checkpoint, TrainingMemory
from rolltrain_tui.training.tensors.measures import mean_of

MakeLearner = Callable[..., TextLearner]


class Turns:
    """A position that only counts."""

    def __init__(self) -> None:
        self.turn = 0

    def place(self) -> int:
        return self.turn

    def knows(self, place: object) -> bool:
        return isinstance(place, int)

    def return_to(self, place: int) -> None:
        self.turn = place


def memory_of(*levers: str, objective: Objective | None = None) -> TrainingMemory:
    """Of one linear layer, which no optimiser has moved yet."""
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    memory = TrainingMemory(model, Levers(SGD(model.parameters(), lr=0.1), model.parameters()), Turns(), [], 4, objective or Objective())
    memory.prepare(levers)
    return memory


def test_a_return_to_nothing_costs_nothing(make_learner: MakeLearner) -> None:
    """restore_best before the first evaluation is a plain turn: the same energy, and nothing was measured of the lever."""
    learner, plain = make_learner(), make_learner()
    learner.prepare(["restore_best"])
    report = learner.step(StepEffect(restore_best=True))
    assert plain.step(NEUTRAL).gflop == report.gflop
    assert {} == dict(report.measured)
    assert plain.weights_sha256() == learner.weights_sha256()


@pytest.mark.parametrize("now", [True, False])
def test_an_average_that_begins_with_a_save(now: bool) -> None:
    """A run that was never averaged is resumed: the average begins at the saved weights, or at the loop's where it keeps them itself."""
    saved = memory_of()
    tensors, state = saved.tensors(now=now), saved.state_dict()
    memory = memory_of("examine")
    with torch.no_grad():
        for p in memory.levers.parameters:
            p.add_(1.0)
    found = memory.recall(tensors, state, now=now)
    memory.adopt(found)
    assert memory.average is not None
    expected = saved.levers.parameters if now else memory.levers.parameters
    assert all(torch.equal(a, b) for a, b in zip(memory.average.weights, expected, strict=True))


def moved(memory: TrainingMemory, by: float) -> None:
    with torch.no_grad():
        for p in memory.levers.parameters:
            p.add_(by)


def test_only_a_turn_that_was_taken_is_averaged() -> None:
    """After a turn that was not finite the average is what it was; after another it is a twentieth nearer to the weights."""
    memory = memory_of("heal_alpha")
    assert memory.average is not None
    before = [weight.clone() for weight in memory.average.weights]
    moved(memory, 1.0)
    for finite, nearer in ((False, 0.0), (True, 0.05)):
        memory.after_the_step(None, finite=finite)
        for old, new in zip(before, memory.average.weights, strict=True):
            torch.testing.assert_close(new - old, torch.full_like(old, nearer))


@pytest.mark.parametrize("effect", [StepEffect(rollback=True), StepEffect(restore_best=True)])
def test_a_return_to_older_weights_begins_the_average_anew(effect: StepEffect) -> None:
    """The old one would pull the weights back to those that were left; moves and norms of that way no longer count either."""
    memory = memory_of("examine", "restore_best")
    memory.remember(Evaluation(value=1.0, standard_error=0.1, count=4, gflop=0.0))
    for _ in range(3):
        moved(memory, 1.0)
        memory.after_the_step([1.0], finite=True)
    memory.before_the_step(effect, {}, None)
    assert memory.average is not None
    assert memory.average.distance(memory.levers.parameters, lambda squares: squares) == 0
    assert memory.history == LayerHistory(turns=3, since=3)


def test_weights_that_thaw_begin_the_history_anew() -> None:
    """Moves of before are of fewer weights. The average of those that were there goes on, and of the new ones it begins."""
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    optimizer = SGD(model[1].parameters(), lr=0.1)
    memory = TrainingMemory(model, Levers(optimizer, model[1].parameters()), Turns(), [], 4, Objective())
    memory.prepare(["examine"])
    moved(memory, 1.0)
    memory.after_the_step([1.0], finite=True)
    assert memory.average is not None
    known = [weight.clone() for weight in memory.average.weights]
    optimizer.add_param_group({"params": list(model[0].parameters())})
    before = memory.levers.reread()
    assert before is not None
    memory.parameters_changed(before)
    assert memory.history == LayerHistory(turns=1, since=1)
    for found, expected in zip(memory.average.weights, [*known, *model[0].parameters()], strict=True):
        assert torch.equal(found, expected)


@pytest.mark.parametrize(("norms", "fits"), [([0.5, 1], True), ([], True), ([0.5, "long"], False), ([None, 0.5], False), (None, False)])
def test_saved_norms_are_numbers(norms: object, fits: bool) -> None:
    """One that is not a number refuses the whole list; an empty one is what a young run has."""
    memory = memory_of("norm_cap")
    tensors, state = memory.tensors(), memory.state_dict() | {"norms": norms}
    if fits:
        assert norms == memory.recall(tensors, state).norms
    else:
        with pytest.raises(LearnerStateError, match="update norms"):
            memory.recall(tensors, state)


@pytest.mark.parametrize(("better", "best"), [("lower", 1.0), ("higher", 3.0)])
def test_the_best_is_what_the_objective_says(better: str, best: float) -> None:
    """The lowest loss, or the highest return."""
    memory = memory_of("restore_best", objective=Objective(better=better))  # type: ignore[arg-type]
    for value in (2.0, 3.0, 1.0, 2.5, math.nan):
        memory.remember(Evaluation(value=value, standard_error=0.1, count=4, gflop=0.0))
    assert memory.checkpoints is not None
    assert memory.checkpoints.best is not None
    assert best == memory.checkpoints.best.value


@given(values=st.lists(st.integers(0, 20), min_size=9, max_size=25), better=st.sampled_from(["lower", "higher"]))
def test_the_best_is_of_the_last_eight_evaluations(values: list[int], better: Better) -> None:
    """Of several that are equal it is the last, and no more copies are kept than there are evaluations to look back on."""
    found, snapshot = BestCheckpoints(Objective(better=better)), memory_of().camp
    for done, value in enumerate(values, start=1):
        found.add(value, snapshot)
        window = [(value if better == "lower" else -value, -number, value) for number, value in enumerate(values[:done], start=1)][-8:]
        _, number, best = min(window)
        assert found.best == Checkpoint(best, -number, snapshot)
        assert len(found.kept) <= 8


def test_a_mean_with_one_hole_is_unknown() -> None:
    """One value that is not finite, whichever, makes the mean NaN; and so does no value at all."""
    assert 2.0 == mean_of([1.0, 3.0])
    assert all(math.isnan(mean_of(values)) for values in ([1.0, math.inf], [math.nan, 1.0], [-math.inf], []))
