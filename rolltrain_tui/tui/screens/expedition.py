"""The expedition: the game itself. Messages from the run become a scene, the scene becomes panels; keys are in `orders`."""

import time
from collections.abc import Collection, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.protocol.events import (
    ActBegan,
    CommandAccepted,
    CommandRefused,
    Evaluated,
    Event,
    ForetellingJudged,
    GateFaced,
    ItemFound,
    LevelGained,
    MonsterAppeared,
    Rested,
    Saved,
    SaveFailed,
)
from rolltrain_tui.runs.playable import Sought
from rolltrain_tui.story.narration import tell
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.bridge import Bridge
from rolltrain_tui.tui.messages import AutoPaused, Failed, Left, Message, Opened
from rolltrain_tui.tui.palette import ExpeditionVerbs
from rolltrain_tui.tui.plan import TABS, Plan, plan
from rolltrain_tui.tui.screens.base import still_open
from rolltrain_tui.tui.screens.cards import Card
from rolltrain_tui.tui.screens.deeds import Deeds
from rolltrain_tui.tui.share import Share
from rolltrain_tui.tui.tempo import Speedometer
from rolltrain_tui.tui.titles import titled
from rolltrain_tui.tui.widgets.chart import LossChart
from rolltrain_tui.tui.widgets.compact import CompactPanel
from rolltrain_tui.tui.widgets.die import TUMBLING_SPEED, DiePanel
from rolltrain_tui.tui.widgets.hero import HeroPanel
from rolltrain_tui.tui.widgets.keys import Key, KeyLine, ability_keys
from rolltrain_tui.tui.widgets.log import LogPanel
from rolltrain_tui.tui.widgets.monster import MonsterPanel
from rolltrain_tui.tui.widgets.notice import NoticeLine
from rolltrain_tui.tui.widgets.panel import Panel, ScenePanel
from rolltrain_tui.tui.widgets.proof import ProofPanel
from rolltrain_tui.tui.widgets.status import Pace, StatusLine
from rolltrain_tui.tui.widgets.tabs import TabLine
from rolltrain_tui.tui.widgets.voice import VoicePanel

TICK_SECONDS = 0.1
FAST_TICKS, STILL_TICKS = 2, 10
"""At speed, the picture is drawn every so many ticks at most; when nothing happens, or behind a card, so seldom."""
PICTURE_SHARE, DRAGGED_SHARE, LONGEST_WAIT = 0.06, 0.02, 5.0
"""At speed, of the time, and seconds: a large picture is drawn less often, and any in a window that is being dragged about."""
LEVEL_CARD_SECONDS, ACT_CARD_SECONDS = 3.0, 10.0
"""The training goes on behind the cards; an act has more to read."""
REASONS = {
    "encounter": "a monster has come",
    "fumble": "a fumble",
    "crit": "a critical hit",
    "level": "a new level",
    "camp": "the party has made camp",
    "fallen": "the hero has fallen",
    "nan": "the loss was not finite",
}
CARDS: dict[str, type] = {"encounter": MonsterAppeared, "level": LevelGained, "camp": Rested}
TOO_SMALL = "This terminal is too small for the game:\nat least 60 columns and 18 rows.\n\nThe training goes on."


class ExpeditionScreen(Deeds):
    """Drains the bridge ten times a second; only what changed is drawn again."""

    CSS_PATH = "expedition.tcss"
    COMMANDS = {ExpeditionVerbs}  # noqa: RUF012 - Textual declares it so
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"use({n})", f"Ability {n}", show=False) for n in range(1, 10)),
        Binding("space", "pause", "Pause", tooltip="Pause, or go on"),
        Binding("full_stop", "step", "Step", key_display=".", tooltip="Play one turn, then pause"),
        Binding(
            "plus,equals_sign", "speed(1)", "Faster", key_display="+", tooltip="Faster: 1, 2, 5, 10, 20, 50 turns a second, full speed"
        ),
        Binding("minus", "speed(-1)", "Slower", key_display="-", tooltip="Slower"),
        Binding("d", "diagnose", "Diagnose", tooltip="Diagnose: every signal and every layer, what is sick and what helps"),
        Binding("p", "foretell", "Foretell", tooltip="Foretell the next evaluation; a right guess earns inspiration"),
        Binding("i", "inspire", "Inspiration", tooltip="Spend inspiration: advantage on the next roll"),
        Binding("b", "bag", "Bag", tooltip="Open the bag and use an item"),
        Binding("u", "raise", "Raise", tooltip="Raise an ability score, when a level has brought a choice"),
        Binding("r", "rest", "Rest", tooltip="Take a short rest before the next turn"),
        Binding("v", "speak", "Speak", tooltip="Ask the model for a sample of its text"),
        Binding("a", "auto", "Auto", tooltip="Choose which abilities act by themselves"),
        Binding("s", "save", "Save", tooltip="Save after this turn"),
        Binding("l", "detail", "Log", tooltip="Log: every turn, or the story only"),
        Binding("x", "chart", "Chart", tooltip="Chart on the whole screen: cursor, zoom, other series and runs"),
        Binding("z", "zoom", "Zoom", tooltip="Chart: the whole run, the last 500 turns, the last 100"),
        Binding("c", "codex", "Codex", tooltip="What every mechanic really does to the training"),
        Binding("question_mark,f1", "help", "Help", key_display="?", tooltip="This list"),
        Binding("q,escape", "leave", "Leave", key_display="q", tooltip="Save and leave, or stay"),
        Binding("tab", "next_tab(1)", "Next panel", show=False, tooltip="Small screens: the next panel"),
        Binding("shift+tab", "next_tab(-1)", "Panel before", show=False, tooltip="Small screens: the panel before"),
        Binding("pageup,up", "scroll_log(1)", "Log back", show=False, tooltip="Log: back"),
        Binding("pagedown,down", "scroll_log(-1)", "Log on", show=False, tooltip="Log: on"),
        Binding("end", "follow", "Newest", show=False, tooltip="Log: follow the newest line"),
    ]

    def __init__(self, bridge: Bridge, *, still: bool = False) -> None:
        """`still`: the die shows its result without tumbling."""
        super().__init__()
        self.bridge = bridge
        self.scene: Scene = bridge.scene
        self.chosen_tab = TABS[0][0]
        self.leaving = False
        self._still = still
        self._detail: bool | None = None
        self._ticks = self._pictures = 0
        self._share = Share(LONGEST_WAIT)
        self._news = False
        """Something happened that is not drawn yet."""
        self._saved_at: float | None = None
        self._speedometer = Speedometer()
        self._roll_drawn = self.scene.roll
        self._moment: list[Event] = []
        """Events of the newest turn, for a card."""
        self._cards: dict[type, tuple[Sequence[Event], float | None]] = {}
        """Cards that wait for their turn, the newest of each kind."""
        self._open_card: type | None = None
        """The kind of the card that was shown last."""
        self._choice_due = False
        """A level has brought a choice that was not offered yet."""
        self._plan = Plan("tiny", {})
        self._panels: dict[str, Panel] = {}

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
        yield Static(Content(TOO_SMALL), id="too-small")

    def on_mount(self) -> None:
        if not still_open(self):
            return
        self._panels = {panel.id or "": panel for panel in self.query(Panel)}
        self._words: list[ScenePanel] = [self.query_one(kind) for kind in (HeroPanel, MonsterPanel, VoicePanel, ProofPanel)]
        self._die, self._chart, self._log = self.query_one(DiePanel), self.query_one(LossChart), self.query_one(LogPanel)
        self._foe = self.query_one(MonsterPanel)
        self._status, self._notice = self.query_one(StatusLine), self.query_one(NoticeLine)
        self.query_one(ProofPanel).name_box("Proof")
        self.place_panels()
        self.set_interval(TICK_SECONDS, self.tick)

    # Messages in.

    def tick(self) -> None:
        """Take what happened, then draw what changed."""
        self._ticks += 1
        messages = self.bridge.take()
        for message in messages:
            self._receive(message)
        self._notice.tick(time.monotonic())
        self._news = self._news or bool(messages)
        if self._news and self._slow_enough_to_read():
            self.draw(everything=True)
        elif self._due():
            self.draw()

    def _due(self) -> bool:
        """At speed: whether it is time for the next picture."""
        every = FAST_TICKS if self._news and self.is_active else STILL_TICKS
        share = DRAGGED_SHARE if self.game.resizes.waiting else PICTURE_SHARE
        return self._ticks % every == 0 and self._share.wait(share) <= 0

    def _receive(self, message: Message) -> None:
        match message:
            case AutoPaused():
                self._auto_paused(message)
            case Opened():
                if message.note:
                    self.tell_player(clean(message.note), "warn")
            case Failed():
                self.scene.failure = self.scene.failure or message.error
                self.tell_player(f"✖ {clean(message.error)}", "bad+strong", stays=True)
            case Left():
                self.game.expedition_left()
            case Sought(scene):
                self._stand_elsewhere(scene)
            case _:
                choices = self.scene.sheet.choices
                self.scene.apply(message)
                self._choice_due = self._choice_due or self.scene.sheet.choices > choices
                self._react(message)

    def _stand_elsewhere(self, scene: Scene) -> None:
        self.scene, self._roll_drawn = scene, scene.roll
        self._speedometer = Speedometer()
        self._moment.clear()
        self._log.follow()

    def _react(self, event: Event) -> None:
        """What an event means to the player beyond what the panels show."""
        if self._moment and self._moment[0].turn != event.turn:
            self._moment.clear()
        self._moment.append(event)
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
            case LevelGained() if not self._pauses_on("level"):
                self._show_card((event,), LEVEL_CARD_SECONDS)
            case GateFaced() if not self._pauses_on("camp"):
                self._show_card((event,), LEVEL_CARD_SECONDS)
            case ActBegan():
                self._show_card((event,), ACT_CARD_SECONDS)
            case ForetellingJudged():
                self.tell_player(
                    f"{'★' if event.inspired else '✖'} {tell(event, self.scene.objective)}", "accent" if event.inspired else "warn"
                )
            case ItemFound():
                self.tell_player(f"+ {titled(event.item)}: b opens the bag.", "accent")
            case _:
                pass

    def _pauses_on(self, rule: str) -> bool:
        expedition = self.bridge.run
        config = expedition.config if expedition is not None else None
        return config is not None and rule in config.pace.pause_on

    def _auto_paused(self, message: AutoPaused) -> None:
        why = REASONS.get(message.reason, message.reason)
        self.tell_player(f"‖ Paused after turn {message.turn}: {why}. Space goes on, . plays one turn.", "warn", stays=True)
        shown = CARDS.get(message.reason)
        for event in self._moment:
            if shown is not None and isinstance(event, shown):
                more = [other for other in self._moment if isinstance(other, Evaluated | GateFaced)] if shown is Rested else []
                self._show_card((event, *more), None)

    def _show_card(self, events: Sequence[Event], seconds: float | None) -> None:
        """Now, or after the card of another kind that is open; at full speed cards of one kind must not queue up."""
        kind = type(events[0])
        if not (isinstance(self.app.screen, Card) and self._open_card is kind):
            self._cards[kind] = (events, seconds)
            self._next_card()

    def _next_card(self, _: None = None) -> None:
        """The card that has waited longest; after the last one the choice that a level brought."""
        if isinstance(self.app.screen, Card):
            return
        if self.app.screen is not self or self.leaving or self._plan.size == "tiny":
            self._cards.clear()
        elif self._cards:
            self._open_card = next(iter(self._cards))
            events, seconds = self._cards.pop(self._open_card)
            self.app.push_screen(Card(events, seconds, self.scene.objective), self._next_card)
        elif self._choice_due:
            self._choice_due = False
            self.action_raise()

    @property
    def notice(self) -> str:
        """The answer that stands on the line above the keys."""
        return self._notice.text

    def take_leave(self) -> None:
        """The app is leaving, and the run is on its way to its last save."""
        self.leaving = True
        if self.is_mounted:
            self.tell_player("Saving … Ctrl+Q quits without waiting.", "accent", stays=True)

    def tell_player(self, text: str, tone: str, stays: bool = False) -> None:
        self._news = True
        self._notice.say(text, tone, None if stays else time.monotonic())

    # The picture out.

    def on_resize(self) -> None:
        self.place_panels()

    def place_panels(self) -> None:
        """Put every panel in its place for this size and tab."""
        if not self._panels:
            return
        fresh = plan(self.size.width, self.size.height, self.chosen_tab)
        if fresh == self._plan and self.has_class(f"-{fresh.size}"):
            return
        self._plan = fresh
        self.update_classes({f"-{size}": size == fresh.size for size in ("tiny", "small", "wide")})
        for name, panel in self._panels.items():
            place = self._plan.places.get(name)
            panel.display = place is not None
            if place is not None:
                panel.styles.offset = (place.x, place.y)
                panel.styles.width, panel.styles.height = place.width, place.height
        self.call_after_refresh(self.draw, everything=True)

    def draw(self, everything: bool = False) -> None:
        """Give the panels their lines: the numbers always, words and chart by turns or when `everything` is asked for."""
        self._share.begin()
        self._news = False
        self._pictures += 1
        scene, shown = self.scene, self._plan.places
        now = time.monotonic()
        self._speedometer.note(now, scene.turn)
        if not shown:
            return
        self._status.show_state(scene, self._pace(now))
        if "compact" in shown:
            self.query_one(CompactPanel).show_scene(scene)
        if "die" in shown:
            self._draw_die()
        if everything or self._pictures % 2 == 0:
            self._chart.show_scene(scene)
        if everything or self._pictures % 2 != 0:
            self._draw_words(shown)

    def _draw_words(self, shown: Collection[str]) -> None:
        self._foe.set_class(self.scene.monster is not None, "-foe")
        for panel in self._words:
            if panel.id in shown:
                panel.show_scene(self.scene)
        if "log" in shown:
            self._log.detailed = self._slow_enough_to_read() if self._detail is None else self._detail
            self._log.show_scene(self.scene)
        if "tabs" in shown:
            self.query_one(TabLine).show_tabs(TABS, self.chosen_tab)
        self.query_one(KeyLine).show_keys(self._key_list())

    def _draw_die(self) -> None:
        rolled = self.scene.roll is not self._roll_drawn
        self._roll_drawn = self.scene.roll
        still = self._still or self.app.animation_level == "none"
        self._die.set_class(self.bridge.inbox.paused, "-paused")
        if rolled and not still and self._slow_enough_to_read():
            self._die.tumble(self.scene)
        elif not self._die.tumbling:
            self._die.show_scene(self.scene)

    def _slow_enough_to_read(self) -> bool:
        inbox = self.bridge.inbox
        return inbox.paused or (inbox.turns_per_second is not None and inbox.turns_per_second <= TUMBLING_SPEED)

    def _pace(self, now: float) -> Pace:
        inbox = self.bridge.inbox
        ago = None if self._saved_at is None else now - self._saved_at
        return Pace(inbox.paused, inbox.turns_per_second, self._speedometer.rate, ago, self.leaving)

    def _key_list(self) -> list[Key]:
        keys = ability_keys(self.scene)
        pause = Key("space", "Go on" if self.bridge.inbox.paused else "Pause", "screen.pause")
        plain = [
            ("d", "Diagnose", "diagnose"),
            ("?", "Help", "help"),
            ("+/-", "Speed", "speed(1)"),
            ("q", "Leave", "leave"),
            *([("p", "Foretell", "foretell")] if self.may_foretell else []),
            *([("b", f"Bag {sum(self.scene.bag.values())}", "bag")] if self.scene.bag else []),
            ("r", "Rest", "rest"),
            ("v", "Speak", "speak"),
            ("s", "Save", "save"),
            ("a", "Auto", "auto"),
            ("l", "Log", "detail"),
            ("x", "Chart", "chart"),
            ("z", "Zoom", "zoom"),
            ("c", "Codex", "codex"),
        ]
        if self.scene.sheet.choices:
            keys.append(Key("u", "Raise", "screen.raise"))
        if self.scene.inspired:
            keys.append(Key("i", "Inspire ★", "screen.inspire"))
        keys += [pause, Key(".", "Step", "screen.step")]
        return keys + [Key(key, label, f"screen.{action}") for key, label, action in plain]

    # Looking around.

    def action_detail(self) -> None:
        self._detail = not self._log.detailed
        self.tell_player("Log: every turn." if self._detail else "Log: the story only.", "accent")
        self.draw(everything=True)

    def action_zoom(self) -> None:
        self._chart.zoom()
        self.draw(everything=True)

    def action_scroll_log(self, direction: int) -> None:
        self._log.page(direction)

    def action_follow(self) -> None:
        self._log.follow()

    def action_next_tab(self, by: int) -> None:
        names = [name for name, _ in TABS]
        self.action_tab(names[(names.index(self.chosen_tab) + by) % len(names)])

    def action_tab(self, name: str) -> None:
        self.chosen_tab = name
        self.place_panels()
