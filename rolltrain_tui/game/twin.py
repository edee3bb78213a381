"""The shadow twin: a paired fork that shows what an ability really did.

    d_i = mean over the looks of (hero's loss on sequence i - twin's loss on sequence i)      the same n sequences for both, at every look
    delta = mean(d)                SE = sqrt(sum_i (d_i - delta)^2 / (n - 1)) / sqrt(n)

Pairing is what makes it sharp: how hard a sequence is adds the same to both losses and cancels in d_i. Below zero the hero was better.
Several looks along the way are what makes it steady: two roads that have parted cross and cross again, so one look at the end judges a
good part by the moment (measured on updates tripled for ten turns at ten times the tuned rate: one look at the twentieth turn found the
harm in 25 of 30 seeds, four looks on a quarter of the sequences each, at the same cost, in 30).
The SE is that of the sequences, for these two walkers and these batches; it does not say how another seed would have gone.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.learner import Learner, StepReport

LOOKS = 4
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
    return comparison_of([a - b for a, b in zip(hero, twin, strict=True)])


def comparison_of(differences: Sequence[float]) -> Comparison:
    """From the paired differences, one for each sequence; NaN where one is not finite."""
    n = len(differences)
    if not all(map(math.isfinite, differences)):
        return Comparison(math.nan, math.nan)
    delta = math.fsum(differences) / n
    if n == 1:
        return Comparison(delta, math.inf)
    return Comparison(delta, math.sqrt(math.fsum((d - delta) ** 2 for d in differences) / (n - 1) / n))


def look_turns(turns: int) -> tuple[int, ...]:
    """The turns of a walk after which the two are compared: a quarter, half, three quarters and all of the way; fewer on short walks."""
    return tuple(sorted({-(-turns * look // LOOKS) for look in range(1, LOOKS + 1)}))


class Twin:
    """A fork that walks beside its hero: before each of the hero's steps one of its own, on the same batch and with the same noise."""

    def __init__(self, hero: Learner) -> None:
        self.hero = hero
        self.learner = hero.fork()
        self.gflop = 0.0
        """Spent since the last `start_over`, looks included."""
        self.looks: list[list[float]] = []
        """Of each look so far, the paired differences."""

    def start_over(self) -> None:
        """Stand where the hero stands: weights, moments, schedule, everything it remembers, every random stream."""
        self.learner.load_state(self.hero.tensors(), self.hero.state_dict())
        self.gflop, self.looks = 0.0, []

    def step(self, effect: StepEffect) -> StepReport:
        """The hero's coming turn under another effect. The hero must not have stepped yet. Raises StepAbandoned.

        The streams are aligned anew each turn, so an ability that reads more or less data than the twin does not part the two for good.
        """
        self.learner.should_stop = self.hero.should_stop
        self.learner.follow(self.hero)
        report = self.learner.step(effect)
        self.gflop += report.gflop
        return report

    def look(self, sequences: int) -> Comparison:
        """Hero and twin as they stand, on the first `sequences` of the probe set. The energy of both evaluations is the twin's."""
        hero, twin = (learner.evaluate(sequences) for learner in (self.hero, self.learner))
        self.gflop += hero.gflop + twin.gflop
        self.looks.append([a - b for a, b in zip(hero.values, twin.values, strict=True)])
        return comparison_of(self.looks[-1])

    def judge(self) -> Comparison:
        """Over all looks, which must have been at the same sequences."""
        return comparison_of([math.fsum(of_sequence) / len(self.looks) for of_sequence in zip(*self.looks, strict=True)])

    def tensors(self) -> dict[str, Any]:
        return self.learner.tensors()

    def state_dict(self) -> dict[str, Any]:
        return {"gflop": self.gflop, "looks": self.looks, "learner": self.learner.state_dict()}

    def load_state(self, tensors: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """Exact inverse of tensors() and state_dict(). ValueError when they do not fit."""
        self.learner.load_state(tensors, state["learner"])
        self.gflop = float(state["gflop"])
        self.looks = [[float(d) for d in look] for look in state["looks"]]
