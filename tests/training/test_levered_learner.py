"""What a mode gets from LeveredLearner: shown on the smallest one that can be, a line through points read from a buffer."""

import math
from collections.abc import Callable, Mapping
from typing import Any, Self

import pytest
import torch
from torch import nn
from torch.optim import SGD

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect
from rolltrain_tui.protocol.learner import Evaluation, StepAbandoned
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.training.batch_gradient import BatchGradient, GradientSum
from rolltrain_tui.training.levered_learner import LeveredLearner
from rolltrain_tui.training.state.snapshots import LearnerStateError
from rolltrain_tui.training.state.streams import Streams

POINTS = 8


class Steady:
    """A learning rate that never changes."""

    def __init__(self) -> None:
        self.turn = 0

    def set_rate(self) -> float:
        return 0.1

    def advance(self) -> None:
        self.turn += 1

    def place(self) -> int:
        return self.turn

    def knows(self, place: Any) -> bool:
        return isinstance(place, int)

    def return_to(self, place: Any) -> None:
        self.turn = place


class Line(LeveredLearner):
    """y = 2 x + 1 from noisy points. Counts points; its place is how many were drawn; R², so higher is better."""

    kind = "line"

    def __init__(self, config: CampaignConfig) -> None:
        model = nn.Linear(1, 1)
        nn.init.zeros_(model.weight)
        nn.init.zeros_(model.bias)
        self.drawn = 0
        super().__init__(
            config,
            model=model,
            optimizer=SGD(model.parameters(), lr=0.1),
            parameters=list(model.parameters()),
            layers=[],
            schedule=Steady(),
            clip=None,
            streams=Streams(config.seed, ("points", "weight_noise"), torch.device("cpu"), dropout=False),
            dtype=torch.float32,
            usual_amount=POINTS,
            objective=Objective(name="R²", unit="", better="higher"),
        )

    def gather(self, effect: StepEffect, factor: float) -> BatchGradient:
        batch, micros = BatchGradient(), max(1, round(2 * factor))
        sums = GradientSum(self.levers.parameters, effect.micro_scales, micros)
        for j in range(micros):
            self.stop_if_asked()
            x = torch.rand(POINTS // 2, 1, generator=self.streams["points"])
            loss = (self.model(x) - 2 * x - 1).square().mean() / micros
            loss.backward()
            self.drawn += len(x)
            batch.amount += len(x)
            batch.loss += loss.item()
            sums.add(j)
        batch.plain = sums.finish()
        return batch

    def gflop(self, batch: BatchGradient) -> float:
        return batch.amount

    @torch.no_grad()
    def evaluate(self, count: int) -> Evaluation:
        x = torch.linspace(0, 1, count).unsqueeze(1)
        y = 2 * x + 1
        r2 = 1 - (self.model(x) - y).square().sum().item() / (y - y.mean()).square().sum().item()
        return Evaluation(value=r2, standard_error=0.0, count=count, gflop=1.0)

    def own_state(self) -> dict[str, Any]:
        return {"drawn": self.drawn}

    def check_own_state(self, state: Mapping[str, Any]) -> None:
        if not isinstance(state.get("drawn"), int):
            raise LearnerStateError("the saved state does not say how many points were drawn")

    def take_own_state(self, state: Mapping[str, Any]) -> None:
        self.drawn = state["drawn"]

    def fork(self) -> Self:
        return self.copy_into(type(self)(self.config))


@pytest.fixture
def line(tiny_config: Callable[..., CampaignConfig]) -> Line:
    learner = Line(tiny_config())
    learner.prepare(["heal_alpha", "restore_best", "norm_cap"])
    return learner


def state_of(learner: Line) -> tuple[object, object]:
    return {name: tensor.tolist() for name, tensor in learner.tensors().items()}, learner.state_dict()


def test_what_is_counted_is_the_mode_s(line: Line) -> None:
    """The batch's size is told in the mode's own unit, relative to its usual one, and its energy by the mode's own formula."""
    report = line.step(StepEffect(batch_factor=2.0, extra_steps=1, extra_batch_factor=0.5))
    assert {"batch_factor": 2.0, "extra_steps": 1.0, "extra_batch_factor": 0.5} == dict(report.measured)
    assert (2 * POINTS + POINTS, 2) == (report.gflop, report.optimizer_steps)


def test_every_lever_on_the_step_is_served(line: Line) -> None:
    """k is what was asked for, whichever way it acts."""
    line.step(NEUTRAL)
    effects = {"update_scale": -0.5, "lr_scale": 2.0, "loss_scale": 0.5, "micro_scales": (0.5, 0.5)}
    for lever, k in effects.items():
        report = line.step(StepEffect(**{lever: k}))  # type: ignore[arg-type]
        assert report.k_requested == pytest.approx(report.k_effective, abs=1e-4)


@pytest.mark.parametrize("effect", [NEUTRAL, StepEffect(extra_steps=1), StepEffect(rollback=True, heal_alpha=0.5)])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_turn_that_stops_half_way_never_was(line: Line, effect: StepEffect, after: int) -> None:
    """Weights, moments, schedule, streams, memory and the mode's own place are put back, and the turn can be repeated."""
    for _ in range(3):
        line.step(NEUTRAL)
    before, straight = state_of(line), line.fork()
    looks = iter([False] * after)
    line.should_stop = lambda: next(looks, True)
    if after < 2 or effect.extra_steps:
        with pytest.raises(StepAbandoned):
            line.step(effect)
        assert before == state_of(line)
    line.should_stop = lambda: False
    assert straight.step(effect).loss == line.step(effect).loss
    assert state_of(straight) == state_of(line)


def test_restored_is_the_highest(line: Line) -> None:
    """Where higher is better, the best checkpoint is the one of the highest value."""
    for k in (1.0, 1.0, -3.0):
        line.step(StepEffect(update_scale=k))
        line.remember(line.evaluate(line.config.evaluation.sequences))
    best = max(line.memory.checkpoints.kept, key=lambda kept: kept.value)  # type: ignore[union-attr]
    report = line.step(StepEffect(restore_best=True))
    assert best.value == report.measured["restore_best"] == report.measured["restore_best.stored"]
    assert 1.0 == report.measured["restore_best.age"]


def test_a_twin_follows_to_the_same_place(line: Line) -> None:
    """After unlike turns, the twin that follows reads the same points, and counts from the same place."""
    line.step(NEUTRAL)
    twin = line.fork()
    line.step(StepEffect(batch_factor=3.0))
    twin.follow(line)
    line.step(NEUTRAL)
    twin.step(NEUTRAL)
    assert twin.drawn == line.drawn
    assert all(torch.equal(a, b) for a, b in zip(twin.streams.states().values(), line.streams.states().values(), strict=True))


@pytest.mark.parametrize(("change", "message"), [({"kind": "supervised"}, "kind 'supervised'"), ({"drawn": None}, "how many points")])
def test_a_state_of_another_mode_is_refused(line: Line, change: dict[str, object], message: str) -> None:
    """In words, and with nothing changed."""
    line.step(NEUTRAL)
    before = state_of(line)
    with pytest.raises(LearnerStateError, match=message):
        line.load_state(line.tensors(), line.state_dict() | change)
    assert before == state_of(line)


def test_a_turn_that_is_not_finite_moves_nothing(line: Line) -> None:
    """Not even by the extra steps before it."""
    line.step(NEUTRAL)
    before, gather, calls = line.weights_sha256(), line.gather, iter((1.0, math.nan))

    def poisoned(effect: StepEffect, factor: float) -> BatchGradient:
        batch = gather(effect, factor)
        batch.loss *= next(calls)
        return batch

    line.gather = poisoned  # type: ignore[method-assign]
    report = line.step(StepEffect(extra_steps=1))
    assert (False, 0, before) == (report.finite, report.optimizer_steps, line.weights_sha256())
    assert 2 == line.turn
