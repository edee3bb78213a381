"""The hall of the arena: the list of agents, the current agent with its curve, and the log of what happens."""

from collections import deque
from collections.abc import Iterator
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import OptionList, Static

from rolltrain_tui.arena.agents.agent_file import GRADIENTS, LOSSES, Champion
from rolltrain_tui.arena.agents.agents import Agent, flops_per_step, learning_rate, num_parameters, size_words
from rolltrain_tui.arena.agents.roster import FOLDER, Roster, RosterRow
from rolltrain_tui.arena.training.events import Progressed, SettingChanged, SettingRefused, Trained
from rolltrain_tui.base.grammar import counted, plural
from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.tui.arena.actions import ArenaActions
from rolltrain_tui.tui.screens.dialogs.command_palette import KeyVerbs
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.screens.kinds.working import WorkingScreen
from rolltrain_tui.tui.threads.worker import Stopped
from rolltrain_tui.tui.widgets.footer import KeyFooter
from rolltrain_tui.tui.widgets.name_list import NameList
from rolltrain_tui.tui.widgets.panel import Line, Panel, WholePanel, paragraph, wrap
from rolltrain_tui.tui.widgets.story import StoryPanel
from rolltrain_tui.tui.widgets.training.curves import Curve, curve_lines, thinned

MOST_LIVE = 1000
"""Most points of the live curve. When there are more, every other one is dropped."""
WELCOME = "Press n to breed an agent: a name, its width, layers and heads, such as Tiny 8 1 2."
FIRST_STEPS = (
    ("n", "breeds one. Two to begin with: Tiny 8 1 2, Broad 32 1 4"),
    ("t", "trains the one pointed at and draws its curve"),
    ("g", "lets it write: new lines, or remembered ones?"),
    ("b", "lets agents battle: same data, same budget"),
    ("l", "tells who is best, and best for the energy"),
)


class ArenaScreen(WorkingScreen):
    """Reads the roster when it opens and after each action. Training runs in a thread, so the player can look around meanwhile."""

    CSS_PATH = "hall.tcss"
    COMMANDS = {KeyVerbs}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "act('create')", "New", tooltip="Create an agent"),
        Binding("t", "act('train')", "Train", tooltip="Train the current agent; while it trains: stop and keep it"),
        Binding("b", "act('battle')", "Battle", tooltip="Let agents battle"),
        Binding("g", "act('generate')", "Write", tooltip="Generate: let it write; distinct, novel and verbatim lines, and the game score"),
        Binding("c", "act('config')", "Config", tooltip="Change how it is taught, live, from the next step on"),
        Binding("d", "act('diagnose')", "Check", tooltip="Diagnose: exploding gradients, dead neurons and the rest"),
        Binding("l", "act('leaderboard')", "Ranks", tooltip="The leaderboards and ratings"),
        Binding("v", "visualize", "Gradients", tooltip="Visualize the loss, or the norm of the gradient"),
        Binding("u", "act('tournament')", "Tournament", tooltip="A tournament of many agents, round robin or Swiss"),
        Binding("w", "act('verify')", "Verify", tooltip="Fight every recorded match again and compare"),
        Binding("s", "act('save')", "Save", tooltip="Save the current agent as a champion, in one file"),
        Binding("o", "act('load')", "Load", tooltip="Load a champion from a file"),
        Binding("r", "act('rename')", "Rename", tooltip="Rename the current agent"),
        Binding("y", "act('copy')", "Copy", tooltip="Copy the current agent with all it has learnt"),
        Binding("x", "act('delete')", "Delete", tooltip="Delete the current agent"),
        Binding("pageup", "leaf(-1)", "Back in the story", show=False),
        Binding("pagedown", "leaf(1)", "On in the story", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[RosterRow] = []
        self.champion: Champion | None = None
        self._gradients = False
        self.trainee = ""
        self.settings: deque[tuple[str, str]] = deque()
        self._live: list[tuple[float, float, float]] = []
        """(step, loss, gradient norm) of the current training."""
        self._told = 0.0

    def compose(self) -> ComposeResult:
        yield Static("The arena", id="arena-title")
        with Horizontal(id="arena-upper"):
            yield NameList(id="arena-agents")
            with Vertical(id="arena-right"):
                yield Panel(id="arena-facts")
                yield WholePanel(self._chart, id="arena-chart")
        yield StoryPanel(id="arena-story")
        yield KeyFooter(palette=False)

    @while_open
    def on_mount(self) -> None:
        self.query_one("#arena-agents").border_title = "Agents"
        self.query_one("#arena-story").border_title = "What happens"
        self.query_one(OptionList).focus()
        self.call_after_refresh(self.reload)

    @while_open
    def on_screen_resume(self) -> None:
        self.call_after_refresh(self.reload)

    # What is shown.

    @property
    def roster(self) -> Roster:
        return Roster(self.host.runs / FOLDER)

    @while_open
    def reload(self) -> None:
        """Read the roster and point at the current agent."""
        roster = self.roster
        self.rows = roster.rows()
        names = self.query_one(OptionList)
        names.clear_options()
        for row in self.rows:
            names.add_option(_entry(row))
        current = next((index for index, row in enumerate(self.rows) if row.current), 0)
        if self.rows:
            names.highlighted = current
        else:
            self.champion = None
            self.draw()

    @on(OptionList.OptionHighlighted)
    @while_open
    def _point(self, event: OptionList.OptionHighlighted) -> None:
        """The highlighted agent becomes the current one."""
        row = self.rows[event.option_index]
        self.champion = None
        if row.agent is not None:
            try:
                roster = self.roster
                self.champion = roster.get(row.name)
                if roster.current() != row.name:
                    roster.switch(row.name)
            except (ValueError, OSError) as error:
                self.tell(f"✖ {flat(str(error))}")
        self.draw()

    @while_open
    def draw(self) -> None:
        facts, chart = self.query_one("#arena-facts", Panel), self.query_one("#arena-chart", WholePanel)
        champion = self.champion
        if champion is None:
            row = self.pointed()
            words = f"✖ {flat(row.trouble)}" if row is not None and row.trouble else WELCOME
            facts.name_box(flat(row.name) if row is not None else "No agents yet")
            tone = "bad" if words.startswith("✖") else "muted"
            facts.show(paragraph(words, facts.content_size.width, tone))
            chart.name_box("" if row is not None else "How it goes")
            chart.look_again()
            return
        facts.name_box(champion.agent.name)
        lines = _fact_lines(champion.agent, facts.content_size.width)
        facts.styles.height = 2 + len(lines)
        facts.show(lines)
        chart.name_box(
            ("Norm of the gradient" if self._gradients else "Loss (nats per character)") + (" · live" if self._live_here else "")
        )
        chart.look_again()

    @property
    def _live_here(self) -> bool:
        """The current agent is in training."""
        return self.worker is not None and self.champion is not None and self.trainee == self.champion.agent.name

    def _chart(self, width: int, height: int) -> list[Line]:
        champion = self.champion
        if champion is None:
            return [] if self.pointed() is not None else _first_steps(width)
        blob = champion.blobs.get(GRADIENTS if self._gradients else LOSSES)
        points = thinned(blob.numbers(), 2 * max(20, width)) if blob is not None else []
        if self._live_here:
            points += [(step, norm if self._gradients else loss) for step, loss, norm in self._live]
        if not points:
            return [[("Not trained yet: t trains it.", "muted")]]
        return curve_lines([Curve(points, "cool" if self._gradients else "primary")], width, height)

    def pointed(self) -> RosterRow | None:
        index = self.query_one(OptionList).highlighted
        return self.rows[index] if index is not None and index < len(self.rows) else None

    def warn(self, text: str) -> None:
        self.notify(text, severity="warning")

    def action_act(self, name: str) -> None:
        """Run the method `name` of ArenaActions."""
        getattr(ArenaActions(self), name)()

    def action_visualize(self) -> None:
        self._gradients = not self._gradients
        self.draw()

    # Work in a thread.

    def train(self, champion: Champion, steps: int) -> None:
        roster, settings = self.roster, deque[tuple[str, str]]()
        champion = roster.get(champion.agent.name)

        def work(stopped: Stopped) -> Iterator[object]:
            from rolltrain_tui.arena.training.training import train

            for event in train(champion, steps, settings=settings, stopped=stopped):
                if isinstance(event, Trained):
                    roster.put(event.champion)
                yield event

        self.trainee, self.settings, self._live, self._told = champion.agent.name, settings, [], 0.0
        self.tell(f"{champion.agent.name} trains {steps:,} {plural(steps, 'step')}.")
        self.start_work(work)

    def work_over(self) -> None:
        self.trainee, self._live = "", []
        self.reload()

    def hear(self, found: object) -> None:
        if isinstance(found, Progressed):
            self._live.append((found.step, found.loss, found.grad_norm))
            if len(self._live) > MOST_LIVE:
                self._live = self._live[1::2]
            if found.done >= self._told + 0.2 or found.done == 1:
                self._told = found.done
                self.tell(f"{self.trainee}: step {found.step:,}, loss {found.loss:.3f}, gradient {found.grad_norm:.3g}.")
        elif isinstance(found, SettingChanged):
            self.tell(f"✔ {found.agent}: {found.name} {found.before} → {found.after}, from step {found.step + 1:,} on.")
        elif isinstance(found, SettingRefused):
            self.tell(f"✖ {found.reason}")
        elif isinstance(found, Trained):
            agent = found.champion.agent
            words = "stopped and kept" if found.stopped else "done and kept"
            self.tell(f"✔ {agent.name}: {words} at step {agent.step:,}; validation {agent.val_loss:.3f}, {agent.gflop:.3g} GFLOP in all.")
        elif isinstance(found, str):
            self.tell(found)
        elif callable(found):
            found()


def _entry(row: RosterRow) -> Content:
    if row.agent is None:
        return Content.assemble((f"✖ {flat(row.name)}", "$error"), ("\n  cannot be read", "dim"))
    agent = row.agent
    weights = num_parameters(agent.shape, agent.vocabulary)
    val = f"val {agent.val_loss:.3f}" if agent.val_loss is not None else "untrained"
    return Content.assemble(agent.name, (f"\n  {weights:,} w · {val}", "dim"))


def _first_steps(width: int) -> list[Line]:
    """The keys for beginners, shown while there are no agents."""
    lines: list[Line] = []
    for key, words in FIRST_STEPS:
        first, *others = wrap(words, max(10, width - 3))
        lines += [[(f"{key}  ", "key"), (first, "")], *([("   ", ""), (line, "")] for line in others)]
    return lines


def _fact_lines(agent: Agent, width: int) -> list[Line]:
    shape, r = agent.shape, agent.recipe
    spent = f"{agent.step:,} {plural(agent.step, 'step')}, {agent.gflop:.3g} GFLOP spent" if agent.step else "untrained"
    changed = f" · {counted(len(agent.changes), 'change')}" if agent.changes else ""
    rate = learning_rate(r, agent.step, r.horizon)
    now = f", now {rate:.2g}" if rate != r.learning_rate and agent.step else ""
    lines = [
        f"{size_words(shape)} · {flat(agent.corpus)}",
        f"{num_parameters(shape, agent.vocabulary):,} weights · {flops_per_step(agent) / 1e6:,.2f} MFLOP a step · {spent}",
        f"lr {r.learning_rate:g}{now} · batch {r.batch} · clip {r.clip:g} · seed {r.seed} · betas {r.beta1:g} {r.beta2:g}{changed}",
    ]
    return [row for index, line in enumerate(lines) for row in paragraph(line, width, "" if index == 1 else "muted")]
