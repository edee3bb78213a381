"""How settings are chosen: at the beginning, and after a generation. Pure functions of the plan and of what the members reached."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from random import Random

from rolltrain_tui.experiment.evolution.plan import Mutation, Plan
from rolltrain_tui.experiment.grid import ExperimentError

Settings = tuple[float, ...]
"""A value for each mutation of the plan."""
PERTURBED = (0.8, 1.2)
"""Factors of exploration; of a range that reaches 0 or below it: a tenth of it down or up."""
RESAMPLED = 0.25
"""How often exploration draws a setting anew instead."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """After a generation the member `loser` goes on as a branch of the member `winner`, with these settings."""

    loser: int
    winner: int
    settings: Settings


def first_settings(plan: Plan) -> list[Settings]:
    """The settings of each member at turn 0. ExperimentError where a grid has another number of points than there are members."""
    if plan.method == "grid":
        return _grid(plan)
    draws = [Random(f"{plan.config.seed}/first/{index}") for index in range(plan.population)]
    return [tuple(_drawn(mutation, draw.random()) for mutation in plan.mutations) for draw in draws]


def _grid(plan: Plan) -> list[Settings]:
    """Equal steps over each range, from end to end."""
    sides = round(plan.population ** (1 / len(plan.mutations)))
    if sides < 2 or sides ** len(plan.mutations) != plan.population:
        fitting = max(2, sides) ** len(plan.mutations)
        raise ExperimentError(
            f"A grid over {len(plan.mutations)} settings has no {plan.population} points; --population {fitting} is the nearest that fits."
        )
    axes = [[_drawn(mutation, step / (sides - 1)) for step in range(sides)] for mutation in plan.mutations]
    return list(product(*axes))


def _drawn(mutation: Mutation, u: float) -> float:
    """The value at u in [0, 1] of the range."""
    if mutation.by_ratio:
        return mutation.fitted(math.exp(math.log(mutation.low) + u * (math.log(mutation.high) - math.log(mutation.low))))
    return mutation.fitted(mutation.low + u * (mutation.high - mutation.low))


def exchanges(plan: Plan, generation: int, values: Sequence[float], settings: Sequence[Settings], alive: Sequence[bool]) -> list[Exchange]:
    """Truncation selection: each of the worst copies one of the best, drawn at random, and explores from its settings.

    values: what the evaluation at the end of `generation` measured, NaN for what failed; alive: who can be copied, because its run goes on.
    """
    order = ranked(plan, values)
    best = [index for index in order[: plan.exchanged] if alive[index] and math.isfinite(values[index])]
    worst = [index for index in order[::-1][: plan.exchanged] if index not in best] if best else []
    found = []
    for loser in worst:
        draw = Random(f"{plan.config.seed}/{generation}/{loser}")
        winner = draw.choice(best)
        found.append(Exchange(loser, winner, explored(plan.mutations, settings[winner], draw)))
    return found


def ranked(plan: Plan, values: Sequence[float]) -> list[int]:
    """The members' places, best first; what is not finite comes last."""
    sign = -1.0 if plan.config.objective.better == "higher" else 1.0
    return sorted(range(len(values)), key=lambda index: (not math.isfinite(values[index]), _finite(sign * values[index]), index))


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def explored(mutations: Sequence[Mutation], settings: Settings, draw: Random) -> Settings:
    """Each setting perturbed, or at times drawn anew from its range."""
    return tuple(_explored(mutation, value, draw) for mutation, value in zip(mutations, settings, strict=True))


def _explored(mutation: Mutation, value: float, draw: Random) -> float:
    if draw.random() < RESAMPLED:
        return _drawn(mutation, draw.random())
    factor = draw.choice(PERTURBED)
    moved = value * factor if mutation.by_ratio else value + (factor - 1) * (mutation.high - mutation.low) / 2
    if mutation.whole and round(moved) == value:
        moved = value + (1 if factor > 1 else -1)
    return mutation.fitted(moved)
