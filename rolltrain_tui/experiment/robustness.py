"""The two questions of Roll-to-Train, answered for every arm: is the model more robust, and does it explore better?

A measure is one number of a finished run. The paired differences arm minus plain training give a mean, a 95 % interval by Student's t, and
the effect size d = mean / standard deviation (Cohen's d_z for pairs).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import dist, isfinite, nan, sqrt
from typing import Literal, get_args

from rolltrain_tui.base.statistics import Estimate, estimate, paired, student_95
from rolltrain_tui.experiment.grid import CONTROL, Arm
from rolltrain_tui.experiment.table import Outcomes, mean, number, signed

Question = Literal["robust", "explore"]
Verdict = Literal["yes", "yes, at a worse loss", "as plain at that loss", "no, the opposite", "no measurable difference"]
TITLES: Mapping[Question, str] = {"robust": "Is it more robust?", "explore": "Does it explore better?"}


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a run."""

    name: str
    question: Question
    title: str
    good: Literal[-1, 1]
    """-1: a smaller value is better; 1: a larger one is."""
    meaning: str


MEASURES = (
    Measure("weight_noise_0.05", "robust", "weight noise 5 %", -1, "rise of the loss when all weights get noise of 5 % of their spread"),
    Measure("weight_noise_0.1", "robust", "weight noise 10 %", -1, "the same by 10 %"),
    Measure("weight_noise_0.2", "robust", "weight noise 20 %", -1, "the same by 20 %"),
    Measure("label_noise", "robust", "label noise 20 %", -1, "rise of the final loss when a fifth of the training targets are random"),
    Measure("typos", "robust", "typos 5 %", -1, "rise of the loss on validation text with 5 % of its characters random"),
    Measure("other_text", "robust", "another text", -1, "rise of the loss on the built-in corpus that was not trained on"),
    Measure("displacement", "explore", "distance from the start", 1, "Euclidean, over all weights"),
    Measure("crookedness", "explore", "path / distance", 1, "length of the path of the weights over its distance; 1 is straight"),
    Measure("distinct", "explore", "distinct words", 1, "share of different words in the generated text"),
    Measure("novel", "explore", "novel words", 1, "share of generated words that the training text does not hold"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One measure of one arm against plain training."""

    arm: Arm
    measure: Measure
    plain: float
    """The control arm's mean."""
    difference: Estimate
    loss: Estimate
    """For robustness: difference of the losses under the disturbance. For exploration: difference of the final losses.

    A model that learned less loses less under noise and writes more varied text. A "yes" at a worse loss is worth little."""
    matched: Estimate
    """Arm minus plain training at equal loss. Empty if plain training was not probed at that loss."""

    @property
    def margin(self) -> float:
        """Half the width of the 95 % interval."""
        return _margin(self.difference)

    @property
    def effect(self) -> float:
        """Cohen's d_z; NaN if all differences are equal."""
        deviation = self.difference.standard_error * sqrt(self.difference.n)
        return self.difference.mean / deviation if deviation else nan

    @property
    def verdict(self) -> Verdict:
        """No verdict if the 95 % interval holds zero or does not exist."""
        if not _clear(self.difference):
            return "no measurable difference"
        if self.difference.mean * self.measure.good < 0:
            return "no, the opposite"
        if isfinite(_margin(self.matched)) and not (_clear(self.matched) and self.matched.mean * self.measure.good > 0):
            return "as plain at that loss"
        return "yes, at a worse loss" if _clear(self.loss) and self.loss.mean > 0 else "yes"


def _margin(of: Estimate) -> float:
    return student_95(of.n) * of.standard_error


def _clear(of: Estimate) -> bool:
    """Its 95 % interval excludes zero."""
    return isfinite(_margin(of)) and abs(of.mean) > _margin(of)


def answers(outcomes: Outcomes) -> list[Answer]:
    """One answer per measure and arm, without the control arm."""
    arms = [arm for arm in outcomes.arms if arm != CONTROL]
    return [answer for measure in MEASURES for arm in arms if (answer := _answer(outcomes, arm, measure)) is not None]


def _answer(outcomes: Outcomes, arm: Arm, measure: Measure) -> Answer | None:
    plain, ours = _by_seed(outcomes, CONTROL, measure), _by_seed(outcomes, arm, measure)
    if not plain or not ours:
        return None
    losses = [_losses(outcomes, of, measure, values) for of, values in ((arm, ours), (CONTROL, plain))]
    return Answer(
        arm, measure, sum(plain.values()) / len(plain), paired(ours, plain), paired(*losses), _at_equal_loss(outcomes, arm, measure)
    )


def _at_equal_loss(outcomes: Outcomes, arm: Arm, measure: Measure) -> Estimate:
    """Arm minus plain training at the arm's final loss, paired by seed."""
    plain, found = outcomes.results(CONTROL), {}
    for seed, value in _by_seed(outcomes, arm, measure).items():
        points = [(loss, rises[measure.name]) for loss, rises in plain[seed].along if measure.name in rises] if seed in plain else []
        found[seed] = value - value_at(points, outcomes.losses(arm)[seed])
    return estimate([difference for difference in found.values() if isfinite(difference)])


def value_at(points: Sequence[tuple[float, float]], loss: float) -> float:
    """The measure when the loss first fell to `loss`, interpolated linearly; NaN if it never did."""
    for (before, there), (after, here) in pairwise(points):
        if before >= loss >= after and before > after:
            return there + (here - there) * (before - loss) / (before - after)
    return nan


def _losses(outcomes: Outcomes, arm: Arm, measure: Measure, values: Mapping[int, float]) -> dict[int, float]:
    final = outcomes.losses(arm)
    return {seed: final[seed] + (value if measure.question == "robust" else 0.0) for seed, value in values.items()}


def _by_seed(outcomes: Outcomes, arm: Arm, measure: Measure) -> dict[int, float]:
    taken = {seed: result.probes.get(measure.name, nan) for seed, result in outcomes.results(arm).items()}
    return {seed: value for seed, value in taken.items() if isfinite(value)}


def strayed(outcomes: Outcomes, arm: Arm) -> float:
    """Distance between the final weights of arm and plain training, in units of plain training's own; mean over seeds."""
    plain, ours = outcomes.results(CONTROL), outcomes.results(arm)
    found = [
        dist(ours[seed].sketch, plain[seed].sketch) / plain[seed].probes["displacement"]
        for seed in ours
        if seed in plain and ours[seed].sketch and plain[seed].sketch
    ]
    return mean(found)


HEAD = ("measure", "arm", "plain", "Δ", "95 % interval", "effect d", "Δ at equal loss", "better than plain?")


def cells_of(answer: Answer) -> tuple[str, ...]:
    middle, margin = answer.difference.mean, answer.margin
    interval = f"{signed(middle - margin)} to {signed(middle + margin)}" if isfinite(margin) else "–"
    return (
        answer.measure.title,
        answer.arm.title,
        number(answer.plain, 4),
        signed(middle),
        interval,
        signed(answer.effect, 1),
        f"{signed(answer.matched.mean)} ± {number(_margin(answer.matched), 4)}" if isfinite(_margin(answer.matched)) else "–",
        answer.verdict,
    )


def summary(found: list[Answer], question: Question) -> str:
    """One sentence: how many comparisons say yes, the opposite, or nothing measurable."""
    own = [answer.verdict for answer in found if answer.measure.question == question]
    yes, at_worse_loss, same, opposite = (own.count(verdict) for verdict in get_args(Verdict)[:4])
    rest = len(own) - yes - at_worse_loss - same - opposite
    return (
        f"{TITLES[question]} Of {len(own)} comparisons {yes} say yes, {same} yes but no more than plain training at the same loss, "
        f"{at_worse_loss} yes but at a worse loss, {opposite} the opposite, and {rest} show no measurable difference."
    )
