"""A finished evolution as a table, as JSON, and as the answer to its question."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from rolltrain_tui.base.grammar import fixed
from rolltrain_tui.base.json_answers import plain
from rolltrain_tui.experiment.evolution.course import Evolution, Member, title
from rolltrain_tui.experiment.table import aligned, number


def table(evolution: Evolution, verdicts: Mapping[int, str] | None = None) -> str:
    """The members, best first: what they reached, with which settings, and where they come from."""
    plan = evolution.plan
    objective = plan.config.objective
    head = ["#", "run", "val loss" if objective.of_loss else objective.name, "GFLOP", *(m.path.rpartition(".")[2] for m in plan.mutations)]
    head += [*(["verified"] if verdicts is not None else []), "line"]
    rows = []
    for place, member in enumerate(evolution.ranking, 1):
        row = [str(place), member.run, number(member.value, 4), number(member.gflop, 1)]
        row += [mutation.words(value) for mutation, value in zip(plan.mutations, member.settings, strict=True)]
        row += [verdicts.get(member.index, "–")] if verdicts is not None else []
        rows.append([*row, "failed" if member.failure else line(member)])
    return aligned(head, rows, words=2)


def line(member: Member) -> str:
    """Where the member comes from, such as "m03-g01 ▸ 200 ▸ m05-g03"."""
    turns = [turn for turn, _ in member.past[1:]]
    runs = [*member.parents, member.run]
    return runs[0] + "".join(f" ▸ {turn} ▸ {run}" for turn, run in zip(turns, runs[1:], strict=True))


def best(evolution: Evolution) -> str:
    """Who is best, in a sentence."""
    member = evolution.ranking[0]
    if not isfinite(member.value):
        return "No member ended with a finite value."
    name = evolution.plan.config.objective.name
    return f"Best: {title(member.index)}, {name} {fixed(member.value, 4)}. All members together spent {evolution.spent:,.1f} GFLOP."


def answer(evolution: Evolution) -> str:
    """Who is best, and the settings to train with."""
    member = evolution.ranking[0]
    lines = [f"  from turn {turn}: {' '.join(evolution.plan.overrides(settings))}" for turn, settings in member.past]
    return "\n".join([best(evolution), *(lines if isfinite(member.value) else [])])


def as_json(evolution: Evolution, verdicts: Mapping[int, str] | None = None) -> dict[str, Any]:
    """JSON values; numbers that are not finite are null."""
    plan = evolution.plan
    paths = [mutation.path for mutation in plan.mutations]
    members = [
        {
            "member": member.index,
            "run": member.run,
            "parents": list(member.parents),
            "value": plain(member.value),
            "turn": member.turn,
            "gflop": member.gflop,
            "past": [{"turn": turn, "settings": dict(zip(paths, settings, strict=True))} for turn, settings in member.past],
            "curve": plain(member.curve),
            "failure": member.failure or None,
            **({"verdict": verdicts.get(member.index)} if verdicts is not None else {}),
        }
        for member in evolution.ranking
    ]
    return {"method": plan.method, "campaign": plan.config.name, "seed": plan.config.seed, "gflop": evolution.spent, "members": members}
