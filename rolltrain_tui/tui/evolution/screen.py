"""The screen of an evolution: the members by rank, their curves, and what happens in sentences."""

from functools import partial
from math import isfinite
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from rolltrain_tui.base.grammar import fixed
from rolltrain_tui.base.jobs import Executor
from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.experiment.evolution.course import Evolution, Member, Scene, title
from rolltrain_tui.experiment.evolution.search import ranked
from rolltrain_tui.experiment.evolution.table import best
from rolltrain_tui.tui.screens.dialogs.command_palette import KeyVerbs
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.screens.kinds.working import WorkingScreen
from rolltrain_tui.tui.widgets.footer import KeyFooter
from rolltrain_tui.tui.widgets.panel import Line, Panel, WholePanel, bar, cut, justify
from rolltrain_tui.tui.widgets.story import StoryPanel
from rolltrain_tui.tui.widgets.training.curves import Curve, curve_lines, mark_of, tone_of

LEAST_ROWS = 3
"""Rows of the table, with its head."""


class EvolutionScreen(WorkingScreen):
    """Lives an evolution when it opens, or goes on with one that was stopped."""

    CSS_PATH = "screen.tcss"
    DRAIN_SECONDS = 0.2
    COMMANDS = {KeyVerbs}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Leave", tooltip="Leave; what is not finished stops, and the same command goes on with it"),
        Binding("down,j", "step(1)", "Next", tooltip="The next member", show=False),
        Binding("up,k", "step(-1)", "Before", tooltip="The member before", show=False),
        Binding("enter,w", "watch", "Watch", key_display="Enter", tooltip="Watch this member's run, from its first parent on"),
        Binding("pageup", "leaf(-1)", "Earlier", show=False),
        Binding("pagedown", "leaf(1)", "Later", show=False),
    ]

    def __init__(self, evolution: Evolution, execute: Executor) -> None:
        super().__init__()
        self._evolution, self._execute = evolution, execute
        self._scene = Scene("", 1, tuple(evolution.members), 0.0)
        self._place = 0

    def compose(self) -> ComposeResult:
        yield WholePanel(lambda width, _: [self._head(width)], id="evolution-head")
        yield WholePanel(self._table, id="evolution-table")
        yield WholePanel(self._curves, id="evolution-curves")
        yield StoryPanel(id="evolution-story")
        yield KeyFooter()

    @while_open
    def on_mount(self) -> None:
        plan = self._evolution.plan
        self.query_one("#evolution-table", Panel).name_box("The population, best first")
        objective = plan.config.objective
        self.query_one("#evolution-curves", Panel).name_box(flat(", ".join(filter(None, (objective.title, objective.unit)))))
        self.query_one("#evolution-story").border_title = "What happens"
        self.query_one("#evolution-table").styles.height = min(plan.population, max(LEAST_ROWS, self.size.height // 3)) + 3
        self.start_work(partial(self._evolution.scenes, self._execute))

    def hear(self, found: object) -> None:
        assert isinstance(found, Scene), "an evolution yields nothing else"
        self._scene = found
        self.tell(flat(_marked(found)))
        if found.finished:
            self.tell(f"★ {flat(best(self._evolution))}")

    # What is shown.

    @while_open
    def draw(self) -> None:
        for panel in self.query(WholePanel):
            panel.look_again()

    def _table(self, width: int, height: int) -> list[Line]:
        """As many members as there is room for, the chosen one among them."""
        members, rows = self._ranking(), max(1, height - 1)
        first = min(max(0, self._place - rows // 2), max(0, len(members) - rows))
        shown = enumerate(members[first : first + rows], first)
        return [self._table_head(), *(self._row(place, member, width) for place, member in shown)]

    def _curves(self, width: int, height: int) -> list[Line]:
        lines = [Curve(member.curve, tone_of(member.index), mark_of(member.index)) for member in self._ranking()[::-1]]
        return curve_lines(lines, width, height, last=float(self._evolution.plan.config.turns), unit="turns")

    def _ranking(self) -> list[Member]:
        members = self._scene.members
        return [members[index] for index in ranked(self._evolution.plan, [member.value for member in members])]

    def _head(self, width: int) -> Line:
        plan, scene = self._evolution.plan, self._scene
        goals, members = plan.goals, scene.members
        there = sum(member.turn >= goals[scene.generation - 1] or member.ended or bool(member.failure) for member in members)
        words = f"Generation {scene.generation} of {len(goals)} · {plan.method} · {flat(plan.config.name)}"
        state = "over" if scene.finished else f"{there} of {len(members)} at turn {goals[scene.generation - 1]}"
        done = sum(min(member.turn, plan.config.turns) for member in members) / (plan.config.turns * len(members))
        energy = f" {scene.spent:,.1f} GFLOP ·" if width >= 100 else ""
        return justify([(words, "accent")], [*bar(done, 1, 10, "energy"), (f"{energy} {state}", "")], width)

    def _table_head(self) -> Line:
        plan = self._evolution.plan
        name = "val loss" if plan.config.objective.of_loss else cut(plan.config.objective.short_label, 8)
        settings = " ".join(f"{cut(mutation.path.rpartition('.')[2], 13):>13}" for mutation in plan.mutations)
        return [(f"     member {name:>9} {'turn':>6} {settings}  comes from", "muted")]

    def _row(self, place: int, member: Member, width: int) -> Line:
        plan = self._evolution.plan
        value = fixed(member.value, 4) if isfinite(member.value) else "failed" if member.failure else "–"
        settings = " ".join(f"{mutation.words(value):>13}" for mutation, value in zip(plan.mutations, member.settings, strict=True))
        parents = [f"{run.partition('-')[0]} at {turn}" for run, (turn, _) in zip(member.parents, member.past[1:], strict=True)]
        text = f"{title(member.index):<6} {value:>9} {member.turn:>6} {settings}  {', '.join(parents[::-1]) or '–'}"
        cursor = "▸" if place == self._place else " "
        tone = tone_of(member.index)
        return [(f"{cursor}{place + 1:>2} ", "strong"), (f"{mark_of(member.index)} ", tone), (cut(text, max(1, width - 6)), "")]

    # Keys.

    def action_step(self, by: int) -> None:
        self._place = max(0, min(self._place + by, len(self._scene.members) - 1))
        self.draw()

    def action_watch(self) -> None:
        if self.worker is not None:
            self.notify("The members are still training. Escape stops them; the same command goes on.", severity="warning")
            return
        run = self._evolution.runs / self._ranking()[self._place].run
        if run.is_dir():
            self.host.watch_replay(run, over=self)
        else:
            self.notify("This member has no run yet.", severity="warning")


def _marked(scene: Scene) -> str:
    """The sentence with the mark that gives it a colour."""
    mark = "✖ " if " failed: " in scene.words else "▲ " if " goes on from " in scene.words else "✔ " if scene.finished else ""
    return f"{mark}{scene.words}"
