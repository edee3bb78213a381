"""What the ending tells of a run: headline, the number that decides, and the rows below it. All text is clean."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from rolltrain_tui.base.grammar import capital, counted, decimals
from rolltrain_tui.base.safe_text import clean, flat
from rolltrain_tui.protocol.events import CampaignEnded, Event, Spoke, TwinJudged
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.runs.results import Record
from rolltrain_tui.story.judgement import Judgement, Measured, Outcome, mark_of
from rolltrain_tui.story.phrases import number, plus_minus
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.wording.highlights import highlights
from rolltrain_tui.tui.wording.titles import titled
from rolltrain_tui.tui.wording.words import loss

Row = tuple[str, str]
HEADLINES: dict[Outcome, str] = {
    "won": "VICTORY",
    "held": "HELD",
    "lost": "DEFEAT",
    "fallen": "FALLEN",
    "alone": "THE END",
    "kept": "THE END",
}
DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStory:
    """A finished run."""

    scene: Scene
    folder: Path
    path: Path | None
    """The campaign file to play again; None when it is not known (a save from elsewhere)."""
    overrides: tuple[str, ...] = ()
    events: Callable[[], Iterable[Event]] | None = None
    """Reads the whole run again, to reveal what was kept back; None where nothing is."""

    def revealed(self) -> "RunStory":
        """The same run with nothing kept back."""
        assert self.events is not None
        return replace(self, scene=Scene.of(self.events()))

    @property
    def ended(self) -> CampaignEnded:
        assert self.scene.ending is not None
        return self.scene.ending

    @property
    def judgement(self) -> Judgement:
        assert self.scene.judgement is not None
        return self.scene.judgement

    @property
    def objective(self) -> Objective:
        return self.scene.objective

    @property
    def lines(self) -> list[str]:
        return highlights(self.scene)

    @property
    def losses(self) -> list[float]:
        """The evaluations on the way."""
        return [value for _, value in self.scene.history.validations]

    @property
    def worst(self) -> TwinJudged | None:
        """The ability that hurt most; an ability by name only, for a branch leaves it out."""
        found = self.scene.tally.worst
        return found if found is not None and found.ability else None


def headline(story: RunStory) -> str:
    """The outcome, and what it says."""
    words = story.judgement.against(story.scene.objective.par)
    return f"{HEADLINES[story.judgement.outcome]}   {capital(words)}."


def subtitle(story: RunStory) -> str:
    hero, campaign, turn = flat(story.scene.sheet.name), flat(story.scene.campaign), story.ended.turn
    if story.ended.ending == "spent":
        return f"The energy for {campaign} is spent after turn {turn}, and {hero} rests."
    lost = (
        "" if math.isfinite(story.ended.value) else f" Its {story.objective.name} is no number any more: what was trained cannot be used."
    )
    if story.ended.ending == "fallen":
        return f"{hero} fell in turn {turn} of {campaign}.{lost}"
    lying = ", and lies at 0 HP" if story.judgement.outcome == "fallen" else ""
    return f"{hero} has seen {campaign} through: {counted(turn, 'turn')}{lying}.{lost}"


def figure(story: RunStory) -> str:
    """The number that decides, for large digits: the difference to plain training, else the final value; "" where it is no number."""
    shown = story.judgement.difference
    if shown is not None:
        return decimals(shown.value, story.objective.digits, "+")
    return decimals(story.ended.value, story.objective.digits) if math.isfinite(story.ended.value) else ""


def figure_words(story: RunStory) -> list[str]:
    """Three lines beside the large digits: the error, what the number is, and what the error covers."""
    objective, shown = story.objective, story.judgement.difference
    unit = objective.unit_behind
    if shown is None:
        return [
            plus_minus(story.ended.standard_error, objective.digits, "± ", unit),
            f"final {objective.name}, {objective.better} is better",
            "",
        ]
    arrow = "▼" if shown.value < 0 else "▲"
    better = objective.worse(shown.value, 0.0) < 0
    verdict = f"{arrow} {'better' if better else 'worse'}" if shown.clear else "within two errors of it"
    return [
        plus_minus(shown.standard_error, objective.digits, "± ", f"{unit}  ") + verdict,
        f"you minus {objective.short_par}; {objective.better} is better",
        "± of the test samples, not of seeds",
    ]


def facts_of(story: RunStory, record: Record | Literal["sought"] | None = None) -> list[Row]:
    """The rows in order; those without anything to tell are left out. The record has its row while it is still sought."""
    return [*_results(story, record), *_decisions(story), *_totals(story)]


def _results(story: RunStory, record: Record | Literal["sought"] | None) -> list[Row]:
    ended, objective, judgement = story.ended, story.objective, story.judgement
    unit = objective.unit_behind
    rows = [("Ending", f"{mark_of(judgement.outcome)}, turn {ended.turn}")]
    if judgement.plain is not None:
        rows.append((f"{capital(objective.short_par)} → you", f"{_measured(judgement.plain)} → {_measured(judgement.value)}{unit}"))
    final = "Final test" if judgement.plain is not None else "Validation" if objective.of_loss else objective.title
    known = math.isfinite(ended.value)
    rows.append((final, f"{loss(ended.value, DIGITS)}{plus_minus(ended.standard_error, DIGITS)}{unit}" if known else loss(ended.value)))
    rows.append(("Best seen", f"{loss(ended.best, DIGITS)}{unit} (small probe set)"))
    limit = "kept back" if "floor" in story.scene.hidden else _limit(ended.value, objective)
    rows.append((objective.limit_name.title(), limit))
    if objective.chance is not None:
        rows.append(("Chance", f"{loss(objective.chance, DIGITS)}{unit}, for guessing blindly"))
    if record is not None:
        rows.append(("Your best", "…" if record == "sought" else _record(story, record)))
    return rows


def _limit(value: float, objective: Objective) -> str:
    if objective.limit is None:
        return "not known"
    limit = loss(objective.limit, DIGITS)
    if not math.isfinite(value):
        return limit
    side = "above" if value > objective.limit else "below"
    return f"{objective.text(abs(value - objective.limit))} {side} the {objective.limit_name} of {limit}"


def _record(story: RunStory, record: Record) -> str:
    if record.attempts == 1:
        return "this run, the first finished one"
    many = counted(record.attempts, "finished run")
    if record.best.folder == story.folder or record.best.ended.value == story.ended.value:
        return f"this run, of {many}"
    return f"{loss(record.best.ended.value, DIGITS)} in {flat(record.best.folder.name)}, of {many}"


def _decisions(story: RunStory) -> list[Row]:
    tally, objective = story.scene.tally, story.objective
    rows: list[Row] = []
    if gates := sum(tally.gates.values()):
        rows.append(("Gates", f"{tally.gates[True]} of {gates} opened"))
    if tally.verdicts:
        helped, nothing, hurt = (tally.verdicts[verdict] for verdict in ("helped", "no measurable effect", "hurt"))
        rows.append(("Abilities", f"{helped} helped, {nothing} no effect, {hurt} hurt"))
    for name, verdict in (("Best move", tally.best), ("Worst move", tally.worst)):
        if verdict is not None:
            rows.append((name, _decision(verdict, objective)))
    return rows


def _decision(verdict: TwinJudged, objective: Objective) -> str:
    ability = titled(verdict.ability) if verdict.ability else "All abilities"
    delta = objective.text(verdict.delta, DIGITS, unit=False, sign=True)
    return f"{ability}, turn {verdict.since}: {delta}{plus_minus(verdict.standard_error, DIGITS)}"


def _totals(story: RunStory) -> list[Row]:
    ended, objective = story.ended, story.objective
    unit = objective.unit_behind
    twins = f" + {number(story.scene.twin_gflop)} for twins" if story.scene.twin_gflop else ""
    twins += f" + {number(story.scene.scout_gflop)} for scouts" if story.scene.scout_gflop else ""
    deaths = f", {counted(ended.sheet.deaths, 'death')}" if ended.sheet.deaths else ""
    return [
        *([("Training", f"{loss(ended.train_loss, DIGITS)}{unit}")] if objective.of_loss else []),
        ("Level", f"{ended.sheet.level}, {ended.sheet.xp} XP{deaths}"),
        ("Energy", f"{number(ended.gflop)} GFLOP{twins}"),
    ]


def samples_of(scene: Scene) -> list[Row]:
    """The first and the last sample of the model, when it wrote two."""
    first, last = scene.tally.first_sample, scene.spoke
    if first is None or last is None:
        return []
    return [_sample("First", first)] if first is last else [_sample("First", first), _sample("Last", last)]


def _sample(name: str, spoke: Spoke) -> Row:
    return f"{name}, {spoke.turn}", flat(" / ".join(clean(spoke.text).strip().splitlines()))


def _measured(measured: Measured) -> str:
    return f"{loss(measured.value, 3)}{plus_minus(measured.standard_error)}"


def drawable(series: Sequence[float]) -> list[float]:
    """The finite values, shifted so that the lowest lies a little above 0 and still shows."""
    kept = [value for value in series if math.isfinite(value)]
    low, high = min(kept, default=0.0), max(kept, default=0.0)
    return [value - low + 0.08 * (high - low) for value in kept]
