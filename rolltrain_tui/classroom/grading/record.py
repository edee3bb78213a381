"""The record of a submission, read once: what was ordered, foretold and reached."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from rolltrain_tui.classroom.grading.result import Result
from rolltrain_tui.protocol import events as ev
from rolltrain_tui.protocol.commands import RaiseStat, SpendInspiration, TakeShortRest, TurnDial, UseAbility, UseItem
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.story.judgement import judge
from rolltrain_tui.story.phrases import name_command, title

ACTING = (UseAbility, UseItem, TakeShortRest, TurnDial, SpendInspiration, RaiseStat)
"""Orders that change the run. A sample, a save or a prediction does not."""


@dataclass(slots=True)
class Record:
    """A fold of the story."""

    began: ev.CampaignBegan | None = None
    ghost: ev.GhostSeen | None = None
    changes: list[ev.SettingsChanged] = field(default_factory=list)
    evaluated: ev.Evaluated | None = None
    ended: ev.CampaignEnded | None = None
    turn: int = 0
    turns: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    orders: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, chronicle: Path) -> "Record":
        """ChronicleError at a damaged line, OSError."""
        found = cls()
        for event in event_log.read(chronicle):
            found._hear(event)
        return found

    def _hear(self, event: ev.Event) -> None:
        match event:
            case ev.CampaignBegan():
                self.began, self.turns = event, event.turns
            case ev.GhostSeen():
                self.ghost = event
            case ev.SettingsChanged():
                self.changes.append(event)
                self.turns = event.turns
            case ev.StepTaken():
                self.turn = event.turn
            case ev.Evaluated():
                self.evaluated = event
            case ev.CampaignEnded():
                self.ended = event
            case ev.CommandAccepted():
                self.counts["given"] += 1
                if isinstance(event.command, ACTING):
                    self.orders.append(f"{event.turn} {name_command(event.command)}")
            case ev.CommandRefused():
                self.counts["refused"] += 1
            case ev.ForetellingJudged():
                self.counts["made"] += 1
                self.counts["right"] += event.inspired
            case ev.TwinJudged():
                self.counts[event.verdict] += 1

    def result(self) -> Result:
        """The columns of the table; the outcome is still to be found."""
        began, counts = self.began, self.counts
        assert began is not None
        value, error, ghost = None, None, None
        if self.ended is not None:
            judged = judge(self.ended, self.evaluated, () if self.ghost is None else self.ghost.points, began.objective)
            value, error = judged.value.value, judged.value.standard_error
            ghost = None if judged.plain is None else judged.plain.value
        elif self.evaluated is not None:
            value, error = self.evaluated.value, self.evaluated.standard_error
        machine = began.machine
        return Result(
            outcome="refused",
            label=began.objective.short_label,
            value=value,
            standard_error=error,
            ghost=ghost,
            turn=self.turn,
            turns=self.turns,
            given=counts["given"],
            refused=counts["refused"],
            right=counts["right"],
            made=counts["made"],
            helped=counts["helped"],
            hurt=counts["hurt"],
            unclear=counts["no measurable effect"],
            hero=f"{began.sheet.name}, {title(began.sheet.hero_class)}",
            machine="" if machine is None else f"{machine.system} {machine.architecture} {machine.capability}, torch {machine.torch}",
            orders=tuple(self.orders),
        )
