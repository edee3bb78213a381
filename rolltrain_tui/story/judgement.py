"""The judgement: what a finished run was worth beside plain training. One rule, for the ending, `--plain`, `--json` and the lists.

    won     better than plain training by more than two standard errors
    held    no such difference
    lost    worse by more than two standard errors, or the weights are no numbers any more
    fallen  the hero fell for good, or lies at 0 HP at the end
    alone   no plain training of these settings is recorded: nothing was won or lost
    kept    kept back from the room until it is revealed; no rule gives it, a veiled scene does

Run and baseline are compared on the same probe set at the same turn. The error of the difference joins the standard errors of both. It
says what another draw of test samples would change. Both read the same samples here, so the true error is smaller: the rule is careful.
It says nothing about other seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, isfinite
from typing import Literal

from rolltrain_tui.base.grammar import decimals, fixed
from rolltrain_tui.protocol.events import CampaignEnded, Evaluated, GhostPoint, SettingsChanged
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.rules.health.gate import ghost_value

Outcome = Literal["won", "held", "lost", "fallen", "alone", "kept"]
THRESHOLD = 2.0
"""Standard errors that a difference must exceed to count."""
SENTENCES: dict[Outcome, str] = {
    "won": "better than plain training",
    "held": "as good as plain training, within the error",
    "lost": "worse than plain training",
    "fallen": "the hero fell",
    "alone": "no plain training of these settings is recorded, so nothing was won or lost",
    "kept": "the judgement is kept back until it is revealed",
}
NAMES: dict[Outcome, str] = {"alone": "finished", "kept": "kept back"}
"""What an outcome is called where its own name tells nothing."""
MARKS: dict[Outcome, str] = {"won": "✔", "held": "=", "lost": "✖", "fallen": "✖", "alone": "·", "kept": "?"}
LOST_WEIGHTS = "the weights were lost to a loss that is no number"


def name_of(outcome: Outcome) -> str:
    """What people read: "won", "finished"."""
    return NAMES.get(outcome, outcome)


def mark_of(outcome: Outcome) -> str:
    """The same with its mark: "✔ won", "· finished"."""
    return f"{MARKS[outcome]} {name_of(outcome)}"


@dataclass(frozen=True, slots=True)
class Measured:
    """A value and its standard error."""

    value: float
    standard_error: float

    @property
    def clear(self) -> bool:
        """Of a difference: whether it counts, beside its error."""
        return abs(self.value) > THRESHOLD * self.standard_error


@dataclass(frozen=True, slots=True)
class Judgement:
    """The outcome with the numbers it was decided by."""

    outcome: Outcome
    value: Measured
    """The run, on the probe set of the baseline where there is one, else on the final one."""
    plain: Measured | None = None
    """Plain training at the same turn; its value is not finite where it burst. None: there is none to compare with."""

    @property
    def difference(self) -> Measured | None:
        """The run's value minus plain training's, in the unit of the objective; None without two numbers."""
        if self.plain is None or not (isfinite(self.value.value) and isfinite(self.plain.value)):
            return None
        return Measured(self.value.value - self.plain.value, hypot(self.value.standard_error, self.plain.standard_error))

    def against(self, par: str) -> str:
        """The outcome in half a sentence; `par` is what the ghost is."""
        return self.words if self.outcome in ("alone", "kept") else self.words.replace("plain training", par)

    @property
    def words(self) -> str:
        """The outcome in half a sentence, beside plain training."""
        if self.outcome == "lost" and not isfinite(self.value.value):
            return LOST_WEIGHTS
        burst = self.outcome == "won" and self.plain is not None and not isfinite(self.plain.value)
        return "plain training burst, and this run did not" if burst else SENTENCES[self.outcome]


def judge(ended: CampaignEnded, last: Evaluated | None, ghost: Sequence[GhostPoint], objective: Objective) -> Judgement:
    """The judgement of a finished run. `last` is its last evaluation; `ghost` is empty where no plain training fits."""
    plain = plain_at(ended, ghost, objective)
    same_set = last if plain is not None and last is not None and last.turn == ended.turn else ended
    value = Measured(same_set.value, same_set.standard_error)
    return Judgement(_outcome(ended, value, plain, objective), value, plain)


def _outcome(ended: CampaignEnded, value: Measured, plain: Measured | None, objective: Objective) -> Outcome:
    if ended.ending == "fallen" or (ended.sheet.max_hp > 0 and ended.sheet.hp <= 0):
        return "fallen"
    if not (isfinite(value.value) and isfinite(ended.value)):
        return "lost"
    if plain is None:
        return "alone"
    if not isfinite(plain.value):
        return "won"
    worse = Measured(objective.worse(value.value, plain.value), hypot(value.standard_error, plain.standard_error))
    if not worse.clear:
        return "held"
    return "lost" if worse.value > 0 else "won"


def plain_at(ended: CampaignEnded, ghost: Sequence[GhostPoint], objective: Objective) -> Measured | None:
    """Plain training at the turn of the ending; None where it was recorded for another number of turns."""
    if not ghost or (ended.ending == "victory" and ghost[-1].turn != ended.turn) or ghost[-1].turn < ended.turn:
        return None
    nearest = min(ghost, key=lambda point: abs(point.turn - ended.turn))
    return Measured(ghost_value(ghost, ended.turn, objective.worst), nearest.standard_error)


def outdates_ghost(event: SettingsChanged) -> bool:
    """Whether plain training with the settings of today would be another one than was recorded."""
    from rolltrain_tui.config.schema import CampaignConfig  # a rare event need not slow the title down

    return any(CampaignConfig.in_recipe(path) for path, _, _ in event.changes)


def tell_judgement(judgement: Judgement, objective: Objective) -> str:
    """The judgement in one sentence, with its numbers."""
    head = f"Judgement: {name_of(judgement.outcome)}; {judgement.against(objective.par)}"
    difference, plain = judgement.difference, judgement.plain
    if difference is None or plain is None:
        return f"{head}."
    numbers = " against ".join(fixed(measured.value, objective.digits) for measured in (judgement.value, plain))
    return f"{head}: {signed(difference, objective)}, {numbers} on the same test samples."


def signed(difference: Measured, objective: Objective) -> str:
    """A difference with its sign and its error: "−0.031 nats, plus or minus 0.047"."""
    words = objective.text(difference.value, sign=True)
    if not isfinite(difference.standard_error):
        return words
    return f"{words}, plus or minus {decimals(difference.standard_error, objective.digits)}"
