"""The report of an experiment: results.csv with one row per run, report.md with method, tables and verdicts."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from rolltrain_tui.base.grammar import counted, fixed
from rolltrain_tui.base.json_answers import plain
from rolltrain_tui.base.safe_text import cell as cell_text
from rolltrain_tui.base.safe_text import one_line
from rolltrain_tui.base.statistics import student_95
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.experiment import robustness, table
from rolltrain_tui.experiment.grid import CONTROL, seeds_of
from rolltrain_tui.experiment.policies import POLICIES

COLUMNS = (
    "class", "rulebook", "policy", "seed", "value", "best", "train_loss", "gflop", "turns", "ending", "level", "xp", "deaths",
    "uses", "triggers", "refused", "monsters", "slain", "error",
)  # fmt: skip

POLICY_WORDS = {
    "none": "presses nothing",
    "auto": "lets every passive form trigger by itself, and presses nothing else",
    "random": "one turn in twenty, one of the abilities it has, whichever",
    "hinted": "presses the key that the screen's hint names, and nothing else",
    "oracle": "follows the signals at each examination: pushes a slow run, calms a hot one, turns back one that overfits",
    "wrong": "reads the same signals and does the opposite",
}
assert set(POLICY_WORDS) == set(POLICIES)


def as_csv(outcomes: table.Outcomes) -> str:
    """One row per run. Failed runs have an error; the control arm has no class, rulebook and policy."""
    text = io.StringIO()
    asked = [measure.name for measure in robustness.MEASURES if any(measure.name in result.probes for result in outcomes.done.values())]
    writer = csv.DictWriter(text, (*COLUMNS, *asked), lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for cell in outcomes.cells:
        key = (cell.arm, cell.seed)
        found = asdict(outcomes.done[key]) if key in outcomes.done else {}
        error = one_line(outcomes.failed[key].error, 200) if key in outcomes.failed else ""
        names = {"class": cell.arm.hero_class, "rulebook": cell.arm.rulebook, "policy": cell.arm.policy}
        writer.writerow({**found, **found.get("probes", {}), **names, "seed": cell.seed, "error": cell_text(error)})
    return text.getvalue()


def as_markdown(config: CampaignConfig, outcomes: table.Outcomes, pictures: Sequence[str], command: str) -> str:
    """The report in Markdown. `pictures` are the names of image files in the same folder."""
    parts = [f"# {one_line(config.name, 60)}: an experiment", _method(config, outcomes), _arms(outcomes), _contrasts(outcomes)]
    parts += [f"![{name}]({name})" for name in pictures]
    parts += [_questions(outcomes), _failures(outcomes), _reading(outcomes), f"## Again\n\n    {command}"]
    return "\n\n".join(part for part in parts if part) + "\n"


def _method(config: CampaignConfig, outcomes: table.Outcomes) -> str:
    arms = [arm for arm in outcomes.arms if arm != CONTROL]
    policies = list(dict.fromkeys(arm.policy for arm in arms))
    seeds = seeds_of(outcomes.cells)
    objective = outcomes.objective
    beyond = "below" if objective.better == "lower" else "above"
    limit = f" No model can go {beyond} {fixed(objective.limit, 4)}." if objective.limit is not None else ""
    unit = f" in {objective.unit}" if objective.unit else ""
    size = f"each on {counted(len(seeds), 'seed')} ({seeds[0]} to {seeds[-1]}), {counted(config.turns, 'turn')} a run"
    lines = [
        f"{counted(len(arms), 'arm')} and the control arm, {size}. On one seed all arms have the same first weights, "
        "the same data in the same order and the same dice.",
        "**Plain training**, the control arm, is the learner alone: no dice, no monsters, no abilities, no wounds. "
        f"The result is the {objective.name}{unit} after the last turn, on {counted(config.evaluation.final_sequences, 'sample')}.{limit}",
        "Policies:\n\n" + "\n".join(f"- `{name}`: {POLICY_WORDS[name]}" for name in policies),
    ]
    return "## How\n\n" + "\n\n".join(lines)


def _arms(outcomes: table.Outcomes) -> str:
    return "## Arms\n\n" + table.markdown(table.head(outcomes), map(table.cells_of, table.rows(outcomes)))


def _contrasts(outcomes: table.Outcomes) -> str:
    lines = [table.cells_of_contrast(row) for row in table.contrasts(outcomes)]
    return "## Policies against each other\n\n" + table.markdown(table.CONTRAST_HEAD, lines, words=3) if lines else ""


def _questions(outcomes: table.Outcomes) -> str:
    """A table and a sentence for each question of Roll-to-Train."""
    found = robustness.answers(outcomes)
    parts = []
    for question, title in robustness.TITLES.items():
        own = [answer for answer in found if answer.measure.question == question]
        if own:
            measures = dict.fromkeys(answer.measure for answer in own)
            meanings = "\n".join(f"- *{measure.title}*: {measure.meaning}." for measure in measures)
            lines = table.markdown(robustness.HEAD, map(robustness.cells_of, own), words=2)
            parts.append(f"## {title}\n\n{robustness.summary(found, question)}\n\n{lines}\n\n{meanings}\n\n{LEARNED_LESS[question]}")
    if parts:
        ways = [(arm.title, table.number(robustness.strayed(outcomes, arm), 2)) for arm in outcomes.arms if arm != CONTROL]
        parts.append(STRAYED + "\n\n" + table.markdown(("arm", "distance from plain / its way"), ways))
    return "\n\n".join(parts)


LEARNED_LESS: Mapping[robustness.Question, str] = {
    "robust": "A model that learned less has less to lose. *At equal loss*: against plain training of the same seed at the turn when it "
    "had the arm's final loss, ± half the 95 % interval; *as plain at that loss*: no advantage is left. *At a worse loss*: "
    "under the disturbance itself it is still worse than plain training.",
    "explore": "*At a worse loss*: it went farther, or wrote more varied text, and ended worse. A model that learned less writes more "
    "varied text.",
}
STRAYED = (
    "Distance between the final weights of the arm and of plain training (same seed), divided by plain training's distance from the start "
    "(0: the same weights; 1: as far apart as the start is):"
)


def _failures(outcomes: table.Outcomes) -> str:
    lines = [f"- {row.arm.title}, {one_line(failure, 200)}" for row in table.rows(outcomes) for failure in row.failures]
    return "## Failed\n\n" + "\n".join(lines) if lines else ""


def reading(seeds: int, comparisons: int) -> str:
    """How to read the verdicts with this number of seeds."""
    words = "Δ is paired: run minus run of the same seed. better or worse: |Δ| is more than two standard errors."
    if seeds < 2:
        return f"{words} One seed has no standard error, so nothing is judged: take --seeds 3 or more."
    words += f" With {seeds} seeds, 95 % confidence asks for {student_95(seeds):.1f}."
    if comparisons > 5:
        words += f" Of {comparisons} comparisons one or two stand out by chance."
    return words


def _reading(outcomes: table.Outcomes) -> str:
    words = (
        f"{outcomes.objective.short_label}: mean of the final {outcomes.objective.name} over seeds. GFLOP: energy, evaluations and "
        "examinations included. uses: abilities used by the player; auto: passive triggers; foes: monsters met; "
        "failed: runs that did not finish."
    )
    return f"## How to read it\n\n{words}\n\n{reading(len(seeds_of(outcomes.cells)), len(outcomes.arms) - 1)}"


def as_json(config: CampaignConfig, outcomes: table.Outcomes, files: Sequence[str]) -> dict[str, object]:
    """The report as JSON values. Numbers that are missing or not finite are null."""
    found: dict[str, object] = {
        "campaign": config.name,
        "turns": config.turns,
        "seeds": list(seeds_of(outcomes.cells)),
        "objective": asdict(outcomes.objective),
        "arms": [asdict(row) for row in table.rows(outcomes)],
        "contrasts": [asdict(row) for row in table.contrasts(outcomes)],
        "questions": [
            {**asdict(answer), "interval": answer.margin, "effect": answer.effect, "verdict": answer.verdict}
            for answer in robustness.answers(outcomes)
        ],
        "files": list(files),
    }
    return {name: plain(part) for name, part in found.items()}
