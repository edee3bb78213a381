"""Ways of seeking settings against one another, at equal energy: the best member of each, over several seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rolltrain_tui.base.grammar import counted
from rolltrain_tui.base.json_answers import plain
from rolltrain_tui.base.statistics import Estimate, estimate, paired
from rolltrain_tui.experiment.evolution.course import Evolution
from rolltrain_tui.experiment.evolution.plan import Method, Plan
from rolltrain_tui.experiment.table import aligned, cells_of_difference, mean, number

Finished = Mapping[tuple[Method, int], Evolution]
"""(method, number of the seed) -> evolution."""


def plans(plan: Plan, ways: Sequence[Method], seeds: int, folder: Path) -> dict[tuple[Method, int], tuple[Plan, Path]]:
    """A plan and its folder for each method on each seed. Members of different evolutions share no seed; methods share them."""
    found = {}
    for number_of_seed in range(seeds):
        seed = plan.config.seed + number_of_seed * plan.population
        campaign = plan.config.model_copy(update={"seed": seed}).model_dump_json()
        for method in ways:
            found[method, number_of_seed] = replace(plan, method=method, campaign=campaign), folder / f"{method}-seed{seed}"
    return found


def table(finished: Finished) -> str:
    """A row a method: the best member's final value, and its difference from each other method, seed by seed."""
    reached = {method: best(finished, method) for method in methods(finished)}
    objective = next(iter(finished.values())).plan.config.objective
    head = ["method", f"best {'val loss' if objective.of_loss else objective.name}", "± SE", "median member", "GFLOP"]
    head += [words for method in reached for words in (f"Δ {method}", "± SE", "")]
    rows = []
    for method, values in reached.items():
        found = estimate(list(values.values()))
        row = [method, number(found.mean, 4), number(found.standard_error, 4)]
        row += [number(mean([_median(e) for e in _of(finished, method)]), 4), number(mean([e.spent for e in _of(finished, method)]), 1)]
        for other, theirs in reached.items():
            difference = paired(values, theirs, higher_is_better=objective.better == "higher")
            row += ("", "", "") if other == method else cells_of_difference(difference)
        rows.append(row)
    seeds = len({seed for _, seed in finished})
    note = f"Best member's final value, mean over {counted(seeds, 'seed')}; Δ is paired by seed; better or worse: "
    note += "beyond two standard errors."
    return f"{aligned(head, rows)}\n\n{note}"


def as_json(finished: Finished) -> dict[str, Any]:
    """JSON values: the best member's value of each seed, and the differences."""
    objective = next(iter(finished.values())).plan.config.objective
    reached = {method: best(finished, method) for method in methods(finished)}
    pairs = [(ours, theirs) for ours in reached for theirs in reached if ours != theirs]
    differences = [
        {"method": ours, "other": theirs, **_numbers(paired(reached[ours], reached[theirs], higher_is_better=objective.better == "higher"))}
        for ours, theirs in pairs
    ]
    rows = [
        {
            "method": method,
            "best": plain(list(values.values())),
            "gflop": [evolution.spent for evolution in _of(finished, method)],
            **_numbers(estimate(list(values.values()))),
        }
        for method, values in reached.items()
    ]
    return {"methods": rows, "differences": differences}


def _numbers(found: Estimate) -> dict[str, Any]:
    return {"mean": plain(found.mean), "standard_error": plain(found.standard_error), "n": found.n, "verdict": found.verdict}


def methods(finished: Finished) -> list[Method]:
    """In the order of the contest."""
    return list(dict.fromkeys(method for method, _ in finished))


def _of(finished: Finished, method: Method) -> list[Evolution]:
    return [evolution for (of, _), evolution in finished.items() if of == method]


def best(finished: Finished, method: Method) -> dict[int, float]:
    """Number of the seed -> the best member's final value."""
    return {seed: evolution.ranking[0].value for (of, seed), evolution in finished.items() if of == method}


def _median(evolution: Evolution) -> float:
    """The median of all members' final values."""
    values = [member.value for member in evolution.ranking]
    return values[len(values) // 2]
