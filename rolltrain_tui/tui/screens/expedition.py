"""The expedition: the game itself. Keys become commands, messages become a scene, the scene becomes panels."""

import time
from collections import deque
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from rolltrain_tui.commands import Command, SaveGame, SetAuto, Speak, TakeShortRest, UseAbility
from rolltrain_tui.events import CommandAccepted, CommandRefused, Event, LevelGained, MonsterAppeared, Rested, Saved, SaveFailed
from rolltrain_tui.narration import clean, tell
from rolltrain_tui.rules.abilities import ABILITIES
from rolltrain_tui.scene import Scene
from rolltrain_tui.tui.bridge import Bridge
from rolltrain_tui.tui.figures import rate
from rolltrain_tui.tui.messages import AutoPaused, Failed, Left, Message, Opened
from rolltrain_tui.tui.palette import ExpeditionVerbs
from rolltrain_tui.tui.plan import TABS, Plan, plan
from rolltrain_tui.tui.screens.base import keys_of
from rolltrain_tui.tui.screens.cards import Card
from rolltrain_tui.tui.screens.dialogs import Choice, ChoiceDialog, quit_dialog
from rolltrain_tui.tui.screens.help import HelpScreen
from rolltrain_tui.tui.titles import titled
from rolltrain_tui.tui.widgets.chart import LossChart
from rolltrain_tui.tui.widgets.compact import CompactPanel
from rolltrain_tui.tui.widgets.die import TUMBLING_SPEED, DiePanel
from rolltrain_tui.tui.widgets.hero import HeroPanel
from rolltrain_tui.tui.widgets.keys import Key, KeyLine, ability_keys
from rolltrain_tui.tui.widgets.log import LogPanel
from rolltrain_tui.tui.widgets.monster import MonsterPanel
from rolltrain_tui.tui.widgets.notice import NoticeLine
from rolltrain_tui.tui.widgets.panel import Panel
from rolltrain_tui.tui.widgets.proof import ProofPanel
from rolltrain_tui.tui.widgets.status import Pace, StatusLine
from rolltrain_tui.tui.widgets.tabs import TabLine
from rolltrain_tui.tui.widgets.voice import VoicePanel

if TYPE_CHECKING:
    from rolltrain_tui.tui.app import RolltrainApp

TICK_SECONDS = 0.1
CHART_TICKS = 4
"""The chart is drawn every so many ticks."""
SPEEDS: tuple[float | None, ...] = (1, 2, 5, 10, 20, 50, None)
RATE_SECONDS = 2.0
LEVEL_CARD_SECONDS = 4.0
REASONS = {
    "encounter": "a monster has come",
    "fumble": "a fumble",
    "crit": "a critical hit",
    "level": "a new level",
    "camp": "the party has made camp",
    "fallen": "the hero has fallen",
    "nan": "the loss was not finite",
}


class ExpeditionScreen(Screen[None]):
    """Drains the bridge ten times a second; only what changed is drawn again."""

    CSS_PATH = "expedition.tcss"
    COMMANDS = {ExpeditionVerbs}  # noqa: RUF012 - Textual declares it so
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"use({n})", f"Ability {n}", show=False) for n in range(1, 10)),
        Binding("space", "pause", "Pause", tooltip="Pause, or go on"),
        Binding("full_stop", "step", "Step", key_display=".", tooltip="Play one turn, then pause"),
        Binding("plus,equals_sign", "speed(1)", "Faster", key_display="+", tooltip="Faster: 1, 2, 5, 10, 20, 50 turns a second, full speed"),
        Binding("minus", "speed(-1)", "Slower", key_display="-", tooltip="Slower"),
        Binding("r", "rest", "Rest", tooltip="Take a short rest before the next turn"),
        Binding("v", "speak", "Speak", tooltip="Ask the model for a sample of its text"),
        Binding("a", "auto", "Auto", tooltip="Choose which abilities trigger by themselves"),
        Binding("s", "save", "Save", tooltip="Save after this turn"),
        Binding("l", "detail", "Log", tooltip="Log: every turn, or the story only"),
        Binding("z", "zoom", "Zoom", tooltip="Chart: the whole run, the last 500 turns, the last 100"),
        Binding("c", "codex", "Codex", tooltip="What every mechanic does to the training"),
        Binding("question_mark,f1", "help", "Help", key_display="?", tooltip="This list"),
        Binding("q,escape", "leave", "Leave", key_display="q", tooltip="Save and leave, or stay"),
        Binding("tab", "next_tab(1)", "Next panel", show=False, tooltip="Small screens: the next panel"),
        Binding("shift+tab", "next_tab(-1)", "Panel before", show=False, tooltip="Small screens: the panel before"),
        Binding("pageup", "scroll_log(1)", "Log back", show=False, tooltip="Log: a page back"),
        Binding("pagedown", "scroll_log(-1)", "Log on", show=False, tooltip="Log: a page on"),
        Binding("end", "follow", "Newest", show=False, tooltip="Log: follow the newest line"),
    ]

    def __init__(self, bridge: Bridge, *, still: bool = False) -> None:
        """`still`: the die shows results without tumbling."""
        super().__init__()
        self.bridge = bridge
        self.scene: Scene = bridge.scene
        self.chosen_tab = "log"
        self.pause_reason: str | None = None
        self._still = still
        self._detail: bool | None = None
        self._ticks = 0
        self._saved_at: float | None = None
        self._marks: deque[tuple[float, int]] = deque()
        self._seen_roll = self.scene.roll
        self._moment: list[Event] = []
        """Events of the newest turn that a card could show."""
        self._plan = Plan("tiny", {})
        self.leaving = False

    def compose(self) -> ComposeResult:
        yield StatusLine(id="status")
        yield CompactPanel(id="compact")
        yield HeroPanel(id="hero")
        yield DiePanel(id="die")
        yield LossChart(id="chart")
        yield MonsterPanel(id="monster")
        yield VoicePanel(id="voice")
        yield ProofPanel(id="proof")
        yield LogPanel(id="log")
        yield TabLine(id="tabs")
        yield NoticeLine(id="notice")
        yield KeyLine(id="keys")
        yield Static(Content("This terminal is too small for the game:\n60 columns and 18 rows are the least.\n\nTraining goes on. Space pauses."), id="too-small")

    def on_mount(self) -> None:
        self._panels = {panel.id: panel for panel in self.query(Panel)}
        self._status, self._compact = self.query_one(StatusLine), self.query_one(CompactPanel)
        self._hero, self._die, self._chart = self.query_one(HeroPanel), self.query_one(DiePanel), self.query_one(LossChart)
        self._foe, self._voice, self._proof = self.query_one(MonsterPanel), self.query_one(VoicePanel), self.query_one(ProofPanel)
        self._log, self._tabs = self.query_one(LogPanel), self.query_one(TabLine)
        self._notice, self._keys = self.query_one(NoticeLine), self.query_one(KeyLine)
        self._proof.name_box("Proof")
        self.set_interval(TICK_SECONDS, self.tick)

    # Messages in.

    def tick(self) -> None:
        """Take what happened, then draw what changed."""
        self._ticks += 1
        for message in self.bridge.take():
            self._receive(message)
        self._notice.tick(time.monotonic())
        self._draw(everything=False)

    def _receive(self, message: Message) -> None:
        match message:
            case AutoPaused():
                self._auto_paused(message)
            case Opened():
                if message.note:
                    self.tell_player(clean(message.note), "warn")
            case Failed():
                self.tell_player(f"✖ {clean(message.error)}", "bad+strong", stays=True)
            case Left():
                self.the_app.expedition_left(self)
            case _:
                self.scene.apply(message)
                self._react(message)

    def _react(self, event: Event) -> None:
        match event:
            case CommandAccepted():
                self.tell_player(f"✔ {tell(event)}", "good")
            case CommandRefused():
                self.tell_player(f"✖ {tell(event)}", "warn")
            case Saved():
                self._saved_at = time.monotonic()
                if event.reason == "player":
                    self.tell_player(f"✔ {tell(event)}", "good")
            case SaveFailed():
                self.tell_player(f"✖ {tell(event)}", "bad", stays=True)
            case LevelGained() if "level" not in self._pause_on and not self.leaving and self.is_current:
                self.app.push_screen(Card(event, seconds=LEVEL_CARD_SECONDS))
            case _:
                pass
        if self._moment and self._moment[0].turn != event.turn:
            self._moment.clear()
        self._moment.append(event)

    @property
    def _pause_on(self) -> list[str]:
        expedition = self.bridge.expedition
        return [] if expedition is None else list(expedition.config.pace.pause_on)

    def _auto_paused(self, message: AutoPaused) -> None:
        self.pause_reason = message.reason
        why = REASONS.get(message.reason, message.reason)
        self.tell_player(f"⏸ Paused in turn {message.turn}: {why}. Space goes on, . plays one turn.", "warn", stays=True)
        shown = {"encounter": MonsterAppeared, "level": LevelGained, "camp": Rested}.get(message.reason)
        if shown is not None and not self.leaving and any(isinstance(event, shown) for event in self._moment):
            self.app.push_screen(Card([event for event in self._moment if isinstance(event, shown)]))

    def tell_player(self, text: str, tone: str, stays: bool = False) -> None:
        self._notice.say(text, tone, None if stays else time.monotonic())

    # The picture out.

    def on_resize(self) -> None:
        self._arrange()

    def _arrange(self) -> None:
        self._plan = plan(self.size.width, self.size.height, self.chosen_tab)
        for size in ("tiny", "small", "wide"):
            self.set_class(self._plan.size == size, f"-{size}")
        for name, panel in self._panels.items():
            place = self._plan.places.get(name or "")
            panel.display = place is not None
            if place is not None:
                panel.styles.offset = (place.x, place.y)
                panel.styles.width, panel.styles.height = place.width, place.height
        self.call_after_refresh(self._draw, everything=True)

    def _draw(self, everything: bool) -> None:
        scene, places = self.scene, self._plan.places
        self._measure()
        self.set_class(scene.monster is not None, "-foe")
        self.set_class(self.bridge.inbox.paused, "-paused")
        if not places:
            return
        self._status.show_state(scene, self.pace())
        if "compact" in places:
            self._compact.show_scene(scene)
        if "die" in places:
            self._draw_die()
        if everything or self._ticks % CHART_TICKS == 0:
            self._chart.show_scene(scene)
        if everything or self._ticks % 2 == 0:
            self._draw_slowly(places.keys())

    def _draw_slowly(self, shown: "set[str] | object") -> None:
        """What need not follow every tick."""
        scene, places = self.scene, self._plan.places
        for name, panel in (("hero", self._hero), ("monster", self._foe), ("voice", self._voice), ("proof", self._proof)):
            if name in places:
                panel.show_scene(scene)
        if "log" in places:
            self._log.detailed = self._wants_detail() if self._detail is None else self._detail
            self._log.show_scene(scene)
        if "tabs" in places:
            self._tabs.show_tabs(TABS, self.chosen_tab)
        self._keys.show_keys(self._key_list())
