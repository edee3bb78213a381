"""Finished cells as rows for the table, the CSV and the report."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan

from rolltrain_tui.base.grammar import minus
from rolltrain_tui.base.statistics import Estimate, estimate, paired
from rolltrain_tui.experiment.grid import CONTROL, Arm, Cell, arms_of
from rolltrain_tui.experiment.run import Failure, Outcome, Result
from rolltrain_tui.protocol.objective import VALIDATION_LOSS, Objective


@dataclass(frozen=True, slots=True)
class Row:
    """One arm over its seeds."""

    arm: Arm
    value: Estimate
    difference: Estimate | None
    """Final value minus the control arm's, seed by seed; None for the control arm itself."""
    gflop: float
    """This and the next five are means over the finished seeds; NaN without one."""
    deaths: float
    level: float
    uses: float
    triggers: float
    monsters: float
    failures: tuple[str, ...]
    """One sentence per failed seed."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two policies on the same class, rulebook and seeds."""

    hero_class: str
    """"all": the mean over the classes, by seed."""
    rulebook: str
    policy: str
    other: str
    difference: Estimate
    """Final value of `policy` minus that of `other`."""


class Outcomes:
    """The outcome of each cell so far."""

    def __init__(self, cells: Sequence[Cell], outcomes: Mapping[Cell, Outcome]) -> None:
        self.cells, self.arms = cells, arms_of(cells)
        self.done = {(cell.arm, cell.seed): out for cell, out in outcomes.items() if isinstance(out, Result)}
        self.failed = {(cell.arm, cell.seed): out for cell, out in outcomes.items() if isinstance(out, Failure)}

    def results(self, arm: Arm) -> dict[int, Result]:
        """Seed -> result."""
        return {seed: result for (of, seed), result in self.done.items() if of == arm}

    def losses(self, arm: Arm) -> dict[int, float]:
        return {seed: result.value for seed, result in self.results(arm).items()}

    @property
    def higher_is_better(self) -> bool:
        return self.objective.better == "higher"

    @property
    def objective(self) -> Objective:
        """What the evaluations of all cells measure."""
        return next((result.objective for result in self.done.values()), VALIDATION_LOSS)


def head(outcomes: Outcomes) -> tuple[str, ...]:
    """The table's columns, with the name of the objective."""
    return ("arm", "val loss" if outcomes.objective.of_loss else outcomes.objective.name, *HEAD)


def rows(outcomes: Outcomes) -> list[Row]:
    """One row per arm, the control arm first."""
    return [_row(outcomes, arm) for arm in outcomes.arms]


def _row(outcomes: Outcomes, arm: Arm) -> Row:
    results = list(outcomes.results(arm).values())

    def average(of: Callable[[Result], float]) -> float:
        return mean(list(map(of, results)))

    return Row(
        arm=arm,
        value=estimate(list(outcomes.losses(arm).values())),
        difference=None
        if arm == CONTROL
        else paired(outcomes.losses(arm), outcomes.losses(CONTROL), higher_is_better=outcomes.higher_is_better),
        gflop=average(lambda result: result.gflop),
        deaths=average(lambda result: result.deaths),
        level=average(lambda result: result.level),
        uses=average(lambda result: result.uses),
        triggers=average(lambda result: result.triggers),
        monsters=average(lambda result: result.monsters),
        failures=tuple(f"seed {seed}: {failure.error}" for (of, seed), failure in outcomes.failed.items() if of == arm),
    )


PAIRS = (
    ("hinted", "none"),
    ("oracle", "none"),
    ("oracle", "random"),
    ("oracle", "wrong"),
    ("random", "none"),
    ("wrong", "none"),
    ("auto", "none"),
)


def contrasts(outcomes: Outcomes) -> list[Contrast]:
    """Pairs of policies, for each class that played both, and over all classes if there are several."""
    arms = [arm for arm in outcomes.arms if arm != CONTROL]
    found: list[Contrast] = []
    for rulebook in dict.fromkeys(arm.rulebook for arm in arms):
        classes = list(dict.fromkeys(arm.hero_class for arm in arms))
        for policy, other in PAIRS:
            if {policy, other} <= {arm.policy for arm in arms}:
                found += _contrasts(outcomes, classes, rulebook, policy, other)
    return found


def _contrasts(outcomes: Outcomes, classes: Sequence[str], rulebook: str, policy: str, other: str) -> Iterable[Contrast]:
    ours = {name: outcomes.losses(Arm(name, rulebook, policy)) for name in classes}
    theirs = {name: outcomes.losses(Arm(name, rulebook, other)) for name in classes}
    for name in classes:
        yield Contrast(name, rulebook, policy, other, paired(ours[name], theirs[name], higher_is_better=outcomes.higher_is_better))
    if len(classes) > 1:
        yield Contrast(
            "all", rulebook, policy, other, paired(_over_classes(ours), _over_classes(theirs), higher_is_better=outcomes.higher_is_better)
        )


def _over_classes(losses: Mapping[str, Mapping[int, float]]) -> dict[int, float]:
    """The mean over the classes, for the seeds that every class has finished."""
    common = set.intersection(*(set(of) for of in losses.values()))
    return {seed: sum(of[seed] for of in losses.values()) / len(losses) for seed in sorted(common)}


# Words.

HEAD = ("± SE", "Δ plain", "± SE", "", "GFLOP", "deaths", "level", "uses", "auto", "foes", "failed")
CONTRAST_HEAD = ("class", "rulebook", "policies", "Δ", "± SE", "seeds", "")


def cells_of(row: Row) -> tuple[str, ...]:
    """A row as the table prints it."""
    game = (row.deaths, row.level, row.uses, row.triggers, row.monsters)
    return (
        row.arm.title,
        number(row.value.mean, 4),
        number(row.value.standard_error, 4),
        *(("", "", "") if row.difference is None else cells_of_difference(row.difference)),
        number(row.gflop, 1),
        *("" if row.arm == CONTROL else number(value, 1) for value in game),
        str(len(row.failures) or ""),
    )


def without_game(cells: Sequence[str]) -> tuple[str, ...]:
    """A row without deaths, level, uses, triggers and foes."""
    return (*cells[:7], *cells[12:])


def cells_of_contrast(row: Contrast) -> tuple[str, ...]:
    difference, error, verdict = cells_of_difference(row.difference)
    return row.hero_class, row.rulebook, f"{row.policy} − {row.other}", difference, error, str(row.difference.n), verdict


def cells_of_difference(of: Estimate) -> tuple[str, str, str]:
    """The difference, its standard error, and better or worse where it is measurable."""
    verdict = of.verdict if of.verdict != "no measurable difference" else ""
    return signed(of.mean), number(of.standard_error, 4), verdict


def number(value: float, digits: int) -> str:
    """A number for people; an en dash if it is not finite."""
    return minus(f"{value + 0.0:.{digits}f}") if isfinite(value) else "–"  # + 0.0: no negative zero


def signed(value: float, digits: int = 4) -> str:
    return f"{'+' if isfinite(value) and value >= 0 else ''}{number(value, digits)}"


def mean(values: Sequence[float]) -> float:
    """NaN for none."""
    return sum(values) / len(values) if values else nan


def aligned(head: Sequence[str], lines: Iterable[Sequence[str]], words: int = 1) -> str:
    """Columns of plain text. The first `words` columns are left-aligned, the others right-aligned."""
    table = [tuple(head), *map(tuple, lines)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join(
            f"{text:<{w}}" if column < words else f"{text:>{w}}" for column, (text, w) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in table
    )


def markdown(head: Sequence[str], lines: Iterable[Sequence[str]], words: int = 1) -> str:
    """The same table in Markdown."""
    rule = [":--" if column < words else "--:" for column in range(len(head))]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, rule, *lines))
