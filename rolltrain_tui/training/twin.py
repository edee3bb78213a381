"""The shadow twin: a paired fork that shows what an ability really did.

    d_i = hero's loss on sequence i - twin's loss on sequence i             the same n sequences for both
    delta = mean(d)                SE = sqrt(sum_i (d_i - delta)^2 / (n - 1)) / sqrt(n)

Pairing is what makes it sharp: how hard a sequence is adds the same to both losses and cancels in d_i. Below zero the hero is better.
The SE is that of the sequences, for these two walkers and these batches; it does not say how another seed would have gone.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rolltrain_tui.rules.effects import StepEffect
from rolltrain_tui.training.learner import Learner, StepReport

THRESHOLD = 2.0
"""Standard errors that a difference must exceed to count."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two learners on the same sequences, in nats per token."""

    delta: float
    """Hero minus twin: negative where the hero is better."""
    standard_error: float
    """Of delta, from the paired differences; infinite for a single sequence."""

    @property
    def finite(self) -> bool:
        return math.isfinite(self.delta)

    @property
    def verdict(self) -> Literal["helped", "hurt", "no measurable effect"]:
        """What the numbers force: a side only where |delta| exceeds two standard errors."""
        if not abs(self.delta) > THRESHOLD * self.standard_error:
            return "no measurable effect"
        return "helped" if self.delta < 0 else "hurt"


def compare(hero: Sequence[float], twin: Sequence[float]) -> Comparison:
    """The paired difference of per-sequence losses; equal losses give exactly 0 with a standard error of 0."""
    differences = [a - b for a, b in zip(hero, twin, strict=True)]
    n = len(differences)
    if not all(map(math.isfinite, differences)):
        return Comparison(math.nan, math.nan)
    delta = math.fsum(differences) / n
    if n == 1:
        return Comparison(delta, math.inf)
    return Comparison(delta, math.sqrt(math.fsum((d - delta) ** 2 for d in differences) / (n - 1) / n))


class Twin:
    """A fork that walks beside its hero: before each of the hero's steps one of its own, on the same batch and with the same noise."""

    def __init__(self, hero: Learner) -> None:
        self.hero = hero
        self.learner = hero.fork()
        self.gflop = 0.0
        """Spent since the last `start_over`, evaluations included."""

    def start_over(self) -> None:
        """Stand where the hero stands: weights, moments, schedule, everything it remembers, every random stream."""
        self.learner.load_state(self.hero.tensors(), self.hero.state_dict())
        self.gflop = 0.0

    def step(self, effect: StepEffect) -> StepReport:
        """The hero's coming turn under another effect. The hero must not have stepped yet. Raises StepAbandoned.

        The streams are aligned anew each turn, so an ability that reads more or less data than the twin does not part the two for good.
        """
        self.learner.should_stop = self.hero.should_stop
        self.learner.follow(self.hero)
        report = self.learner.step(effect)
        self.gflop += report.gflop
        return report

    def judge(self, sequences: int) -> Comparison:
        """Hero and twin on the first `sequences` of the probe set; the energy of both evaluations is the twin's."""
        hero, twin = (learner.evaluate_sequences(sequences) for learner in (self.hero, self.learner))
        self.gflop += hero.gflop + twin.gflop
        return compare(hero.losses, twin.losses)

    def tensors(self) -> dict[str, Any]:
        return self.learner.tensors()

    def state_dict(self) -> dict[str, Any]:
        return {"gflop": self.gflop, "learner": self.learner.state_dict()}

    def load_state(self, tensors: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """Exact inverse of tensors() and state_dict(). ValueError when they do not fit."""
        self.learner.load_state(tensors, state["learner"])
        self.gflop = float(state["gflop"])
