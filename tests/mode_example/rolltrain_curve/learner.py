"""Regression of a noisy curve, read from top to bottom.

The points, the learner's parts, the gradient of a batch, evaluation, examination, its voice, and what it keeps of its own.

Shapes: B points of a batch, n points of a fixed set. Inputs and outputs are (B, 1).
"""

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from rolltrain_curve.config import CurveConfig
from rolltrain_tui.plugins import (
    BatchGradient,
    Evaluation,
    Examination,
    GradientSum,
    LearnerInfo,
    LearnerStateError,
    LeveredLearner,
    StepEffect,
    Streams,
    TurnSchedule,
    build_optimizer,
    drop_worst,
    layers_of,
    micro_batches,
    probe,
    random_stream,
)

REACH = 2.0
"""The curve is learned on [-2, 2]: two waves of sin(3x), enough that a straight line explains little of them."""
PROBE = 64
"""Training points in each half of an examination's gradient: about the cost of a few turns."""
STREAMS = ("data", "target_noise", "weight_noise")
"""One generator for each use of chance, so that a lever that draws numbers does not change which points are read next."""


def build(config: CurveConfig, *, base: Path) -> "CurveLearner":
    """The learner of a campaign, which reads no files."""
    torch.set_num_threads(1)  # so small a model gains nothing from more, and one thread always adds up in the same order
    return CurveLearner(config)


# ---------------------------------------------------------------------------------------------------------------------
# The points


@dataclass(frozen=True, slots=True)
class Points:
    """A training set and a validation set: (n, 1) each. The same for every seed of a campaign, so that runs can be compared."""

    train_x: Tensor
    train_y: Tensor
    val_x: Tensor
    val_y: Tensor

    @classmethod
    def draw(cls, points: int, noise: float) -> Self:
        stream = torch.Generator().manual_seed(0)
        x = (2 * torch.rand(2, points, 1, generator=stream) - 1) * REACH
        y = torch.sin(3 * x) + noise * torch.randn(x.shape, generator=stream)
        return cls(x[0], y[0], x[1], y[1])

    @property
    def sha256(self) -> str:
        parts = (self.train_x, self.train_y, self.val_x, self.val_y)
        return hashlib.sha256(b"".join(part.numpy().tobytes() for part in parts)).hexdigest()


def perceptron(width: int, depth: int) -> nn.Sequential:
    """(B, 1) -> (B, 1), with `depth` hidden layers."""
    layers: list[nn.Module] = [nn.Linear(1, width), nn.GELU()]
    for _ in range(depth - 1):
        layers += [nn.Linear(width, width), nn.GELU()]
    return nn.Sequential(*layers, nn.Linear(width, 1))


# ---------------------------------------------------------------------------------------------------------------------
# The learner's parts


class CurveLearner(LeveredLearner):
    """A perceptron that learns a curve by its mean squared error, on the CPU in float32."""

    kind = "curve"
    config: CurveConfig

    def __init__(self, config: CurveConfig) -> None:
        self.points = Points.draw(config.data.points, config.data.noise)
        self.spread = self.points.val_y.var(correction=0)  # around the mean: what R² compares the errors with
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(random_stream(config.seed, "init").initial_seed())
            model = perceptron(config.model.width, config.model.depth)
        parameters = list(model.parameters())
        optimizer = build_optimizer(model, config.optimizer)
        super().__init__(
            config,
            model=model,
            optimizer=optimizer,
            parameters=parameters,
            layers=layers_of(model, parameters),
            schedule=TurnSchedule(optimizer, config.turns, config.optimizer.learning_rate, config.schedule),
            clip=config.optimizer.clip,
            streams=Streams(config.seed, STREAMS, torch.device("cpu"), dropout=False),
            dtype=torch.float32,
            usual_amount=config.batch.points * config.batch.accumulation,
            objective=config.objective,
        )
        self.weights = sum(p.numel() for p in parameters)

    def info(self) -> LearnerInfo:
        points = self.config.batch.points * self.config.batch.accumulation
        return LearnerInfo(
            parameters=self.weights,
            model=f"{self.weights:,} weights",
            objective=self.objective,
            device="cpu",
            dtype="float32",
            threads=torch.get_num_threads(),
            tokens_per_turn=points,
            gflop_per_turn=self._gflop(points),
            data_sha256=self.points.sha256,
        )

    # -----------------------------------------------------------------------------------------------------------------
    # The gradient of a batch

    def gather(self, effect: StepEffect, factor: float) -> BatchGradient:
        """Read `factor` times the usual number of points, in micro-batches of the usual size and the rest in a smaller one."""
        usual = self.config.batch
        sizes = micro_batches(usual.points, usual.accumulation, factor, effect.micro_scales)
        batch = BatchGradient()
        micros = self._read(sizes) if not effect.drop_worst else self._without_the_worst(sizes, effect.drop_worst, batch)
        sums, loss = GradientSum(self.levers.parameters, effect.micro_scales, len(sizes)), 0.0
        kept = sum(sizes) - round(batch.dropped.get("drop_worst", 0))
        for j, (x, y) in enumerate(micros):
            self.stop_if_asked()
            if not len(x):
                continue
            targets = self._noisy(y, effect.target_noise, batch) if effect.target_noise else y
            fit, weight = self.model(x), len(x) / kept  # micro-batches may differ in size: the mean is over points
            (nn.functional.mse_loss(fit, targets) * weight).backward()
            loss += nn.functional.mse_loss(fit.detach(), y).item() * weight
            batch.tokens += len(x)
            sums.add(j)
        batch.plain = sums.finish()
        batch.amount = batch.targets = batch.tokens
        if not effect.drop_worst:
            batch.loss = loss
        return batch

    def gflop(self, batch: BatchGradient) -> float:
        return self._gflop(batch.amount + batch.scored / 3)

    def _gflop(self, points: float) -> float:
        """Of training on so many points: two operations for each weight forward, four backward."""
        return 6 * self.weights * points / 1e9

    def _read(self, sizes: list[int]) -> Iterator[tuple[Tensor, Tensor]]:
        """Micro-batches of random training points: x and y, (B, 1) each."""
        for size in sizes:
            ix = torch.randint(len(self.points.train_x), (size,), generator=self.streams["data"])  # (B,)
            yield self.points.train_x[ix], self.points.train_y[ix]

    @torch.no_grad()
    def _without_the_worst(self, sizes: list[int], drop: int, batch: BatchGradient) -> list[tuple[Tensor, Tensor]]:
        """The batch's micro-batches without the `drop` points of largest error. Ranking them reads all once more."""
        micros = list(self._read(sizes))
        errors = torch.cat([(self.model(x) - y).square().flatten() for x, y in micros])  # (B,)
        stays = drop_worst(errors, drop, batch)  # (B,)
        batch.scored = len(stays)
        return [(x[own], y[own]) for (x, y), own in zip(micros, torch.split(stays, sizes), strict=True)]

    def _noisy(self, y: Tensor, fraction: float, batch: BatchGradient) -> Tensor:
        """A copy of y in which that fraction is drawn anew from all training points."""
        stream, noisy = self.streams["target_noise"], y.clone()
        places = torch.randperm(len(y), generator=stream)[: round(fraction * len(y))]
        noisy[places] = self.points.train_y[torch.randint(len(self.points.train_y), (len(places),), generator=stream)]
        batch.replaced += len(places)
        return noisy

    # -----------------------------------------------------------------------------------------------------------------
    # Evaluation

    def evaluate(self, count: int) -> Evaluation:
        """R² on the first `count` validation points."""
        values = self._explained(self.points.val_x[:count], self.points.val_y[:count])
        n = len(values)
        return Evaluation(
            value=values.mean().item(),
            standard_error=values.std().item() / math.sqrt(n) if n > 1 else math.inf,
            count=n,
            gflop=self._gflop(n) / 3,  # the forward pass is a third of training
            values=tuple(values.tolist()),
        )

    @torch.no_grad()
    def _explained(self, x: Tensor, y: Tensor) -> Tensor:
        """1 - (y - fit)² / variance of each point, whose mean over the whole validation set is R²: (n, 1) -> (n,)."""
        with self.at_rest():
            return (1 - (y - self.model(x)).square() / self.spread).flatten()

    # -----------------------------------------------------------------------------------------------------------------
    # Examination

    def examine(self, evaluation: Evaluation) -> Examination:
        """The signals that need the model itself, on the first training points."""
        x, y = self.points.train_x[: 2 * PROBE], self.points.train_y[: 2 * PROBE]
        halves = list(zip(x.chunk(2), y.chunk(2), strict=True))
        with self.at_rest():
            found = probe(self.model, self.levers.parameters, halves, lambda half: nn.functional.mse_loss(self.model(half[0]), half[1]))
        return self.examined(
            evaluation,
            found,
            batch=self.config.batch.points * self.config.batch.accumulation,
            gflop=self._gflop(len(x) * 4 / 3),
            train_value=self._explained(x, y).mean().item(),
        )

    # -----------------------------------------------------------------------------------------------------------------
    # Its voice

    @torch.no_grad()
    def perform(self) -> str:
        """A plot of the fit (#) over the curve (.)."""
        columns, rows = max(8, self.config.speech.characters), 9
        x = torch.linspace(-REACH, REACH, columns).unsqueeze(1)  # (columns, 1)
        with self.at_rest():
            fit = self.model(x).flatten().tolist()
        cells = [[" "] * columns for _ in range(rows)]
        for mark, heights in ((".", torch.sin(3 * x).flatten().tolist()), ("#", fit)):
            for column, height in enumerate(heights):
                if abs(height) <= 1.5:
                    cells[round((1.5 - height) / 3 * (rows - 1))][column] = mark
        return "\n".join("".join(row).rstrip() for row in cells)

    # -----------------------------------------------------------------------------------------------------------------
    # Its own state, and copies

    def own_state(self) -> dict[str, Any]:
        """The data stream says which points come next; the hash says which points they are."""
        return {"data": self.points.sha256}

    def check_own_state(self, state: Mapping[str, Any]) -> None:
        if state.get("data") != self.points.sha256:
            raise LearnerStateError("the saved state is of a model that learned from other points; did the data section change?")

    def fork(self) -> Self:
        """An independent copy that reads the same points from here on."""
        return self.copy_into(type(self)(self.config))
