"""The expedition: the game itself. Messages from the run become a scene, the scene becomes panels; keys are in `orders`."""

import time
from collections.abc import Collection, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.notifications import SeverityLevel
from textual.widgets import Static

from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.protocol.events import CommandAccepted, Event, LevelGained, MonsterAppeared, Rested, RoomVoted, Saved
from rolltrain_tui.runs.playable import Sought
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scene.pauses import RULES
from rolltrain_tui.tui.expedition.echoes import echo_of
from rolltrain_tui.tui.expedition.explaining import Explaining
from rolltrain_tui.tui.expedition.plan import TABS, Plan, plan
from rolltrain_tui.tui.expedition.tempo import Speedometer
from rolltrain_tui.tui.expedition.verbs import ExpeditionVerbs
from rolltrain_tui.tui.screens.kinds.curtain import Curtain
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.threads.bridge import Bridge
from rolltrain_tui.tui.threads.messages import AutoPaused, Failed, Left, Message, Opened, ToExplain, VoteDue
from rolltrain_tui.tui.threads.share import Share
from rolltrain_tui.tui.widgets.game.compact import CompactPanel
from rolltrain_tui.tui.widgets.game.die import TUMBLING_SPEED, DiePanel
from rolltrain_tui.tui.widgets.game.hero import HeroPanel
from rolltrain_tui.tui.widgets.game.log import LogPanel
from rolltrain_tui.tui.widgets.game.monster import MonsterPanel
from rolltrain_tui.tui.widgets.game.proof import ProofPanel
from rolltrain_tui.tui.widgets.game.stage import StagePanel
from rolltrain_tui.tui.widgets.game.status import Pace, StatusLine
from rolltrain_tui.tui.widgets.game.voice import VoicePanel
from rolltrain_tui.tui.widgets.keys import Key, KeyLine, ability_keys
from rolltrain_tui.tui.widgets.notice import NoticeLine, Stays
from rolltrain_tui.tui.widgets.panel import Panel, ScenePanel
from rolltrain_tui.tui.widgets.tabs import TabLine
from rolltrain_tui.tui.widgets.training.chart import LossChart
from rolltrain_tui.tui.widgets.training.hint import hint_line

TICK_SECONDS = 0.1
FAST_TICKS, STILL_TICKS = 4, 10
"""Ticks between two pictures: at least, at full speed; and while nothing happens or another screen lies over this one."""
PICTURE_SHARE, RESTED_SHARE, DRAGGED_SHARE, LONGEST_WAIT = 0.012, 0.25, 0.02, 5.0
"""Shares of the time that drawing may take: at full speed; where training rests between turns; while a window is dragged. Seconds."""
CARDS: dict[str, type] = {"encounter": MonsterAppeared, "level": LevelGained, "camp": Rested}
SEVERITIES: dict[str, SeverityLevel] = {"warn": "warning", "bad": "error", "bad+strong": "error"}
"""The look of a box, by the tone of its text."""
NARROW = 76
"""Columns from which keys that cannot be pressed now are shown too."""
LOOKING: tuple[BindingType, ...] = (
    Binding("l", "detail", "Log", tooltip="Log: every turn, or the story only"),
    Binding("x", "chart", "Chart", tooltip="Chart on the whole screen: cursor, zoom, other series and runs"),
    Binding("z", "zoom", "Zoom", tooltip="Chart: the whole run, the last 500 turns, the last 100"),
    Binding("c", "codex", "Codex", tooltip="What every mechanic really does to the training"),
    Binding("question_mark,f1", "help", "Help", key_display="?", tooltip="This list"),
)
PANELS: tuple[BindingType, ...] = (
    Binding("tab", "next_tab(1)", "Next panel", show=False, tooltip="Small screens: the next panel"),
    Binding("shift+tab", "next_tab(-1)", "Panel before", show=False, tooltip="Small screens: the panel before"),
    Binding("pageup,up", "scroll_log(1)", "Log back", show=False, tooltip="Log: back"),
    Binding("pagedown,down", "scroll_log(-1)", "Log on", show=False, tooltip="Log: on"),
)
TOO_SMALL = "This terminal is too small for the game:\nat least 60 columns and 18 rows.\n\n"


def paused_line(turn: int, why: str) -> str:
    """What the line above the keys says when the game has paused by itself; at 80 columns nothing of it is cut."""
    return f"‖ Paused at {turn}: {why}. Space resumes, . plays one turn."


class ExpeditionScreen(Explaining):
    """Looks ten times a second whether a picture is due.

    The scene moves on only with a picture, and a picture is of all panels. So whatever draws, and whenever, all panels show one turn.
    """

    CSS_PATH = "expedition.tcss"
    commands: ClassVar[bool] = True
    """Its keys command the run."""
    COMMANDS = {ExpeditionVerbs}
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(n), f"use({n})", f"Ability {n}", show=False) for n in range(1, 10)),
        Binding("space", "pause", "Pause", tooltip="Pause, or resume"),
        Binding("full_stop", "step", "Step", key_display=".", tooltip="Play one turn, then pause"),
        Binding(
            "plus,equals_sign", "speed(1)", "Faster", key_display="+", tooltip="Faster: 1, 2, 5, 10, 20, 50 turns a second, full speed"
        ),
        Binding("minus", "speed(-1)", "Slower", key_display="-", tooltip="Slower"),
        Binding("u", "until", "Until", tooltip="Run until something happens: a monster, a sick signal, a gate, a level, a verdict"),
        Binding("d", "diagnose", "Diagnose", tooltip="Diagnose: every signal and every layer, what is sick and what helps"),
        Binding("p", "foretell", "Predict", tooltip="Predict the next evaluation; a right guess earns inspiration"),
        Binding("i", "inspire", "Inspiration", tooltip="Spend inspiration: advantage on the next roll"),
        Binding("b", "bag", "Bag", tooltip="Open the bag and use an item"),
        Binding("g", "raise", "Raise", tooltip="Raise an ability score, when a level has brought a choice"),
        Binding("e", "vote", "Vote", tooltip="Vote: let the room choose an ability, or predict; hands are counted by keys"),
        Binding("h", "reveal", "Reveal", tooltip="Reveal what is kept back: ghost, floor, verdict, diagnosis"),
        Binding("m", "present", "Presenter", tooltip="Presenter mode: few large panels, and a pause at each evaluation"),
        Binding("k", "dials", "Dials", tooltip="Dials: change how this kind of training learns"),
        Binding("r", "rest", "Rest", tooltip="Take a short rest before the next turn"),
        Binding("t", "join", "Take part", tooltip="Take part: play with what is trained, as it is now; the run waits"),
        Binding("v", "speak", "Speak", tooltip="Ask the model for a sample of its text"),
        Binding("a", "auto", "Auto", tooltip="Choose which abilities act by themselves"),
        Binding("o", "stops", "Stops", tooltip="Choose at what the game pauses by itself"),
        Binding("s", "save", "Save", tooltip="Save after this turn"),
        *LOOKING,
        Binding("q,escape", "leave", "Leave", key_display="q", tooltip="Save and leave, or stay"),
        *PANELS,
        Binding("end", "follow", "Newest", show=False, tooltip="Log: follow the newest line"),
    ]

    def __init__(self, bridge: Bridge, *, still: bool = False, presenting: bool = False) -> None:
        """`still`: the die shows its result without tumbling. `presenting`: it begins in presenter mode."""
        super().__init__()
        self.bridge = bridge
        self.presenting = presenting
        self.scene: Scene = bridge.scene
        self.chosen_tab = TABS[0][0]
        self.leaving = False
        self._still = still
        self._detail: bool | None = None
        self._ticks = 0
        """Since a tick drew a picture."""
        self._share = Share(LONGEST_WAIT)
        self._wanted = True
        """A picture is due whatever it costs."""
        self._drawn_at = 0.0
        self._curtain: Curtain | None = None
        self._saved_at: float | None = None
        self._speedometer = Speedometer()
        self._roll_drawn = self.scene.roll
        self._why = ""
        """Why the run has paused by itself."""
        self._plan = Plan("tiny", {})
        self._panels: dict[str, Panel] = {}

    def compose(self) -> ComposeResult:
        self._plan = plan(*self.app.size, self.chosen_tab, presenting=self.presenting)
        self.add_class(f"-{self._plan.size}", *(("-presenting",) if self.presenting else ()))
        yield StatusLine(id="status")
        yield StagePanel(id="stage")
        yield CompactPanel(id="compact")
        yield HeroPanel(id="hero")
        yield DiePanel(id="die")
        yield LossChart(id="chart")
        foe, voice = MonsterPanel(id="monster"), VoicePanel(id="voice")
        foe.keys = voice.asks = self.commands
        yield foe
        yield voice
        yield ProofPanel(id="proof")
        yield LogPanel(id="log")
        yield TabLine(id="tabs")
        yield NoticeLine(id="notice")
        yield KeyLine(id="keys")
        yield Static(id="too-small")

    @while_open
    def on_mount(self) -> None:
        self._panels = {panel.id or "": panel for panel in self.query(Panel)}
        self._words: list[ScenePanel] = [self.query_one(kind) for kind in (StagePanel, HeroPanel, MonsterPanel, VoicePanel, ProofPanel)]
        self._die, self._chart, self._log = self.query_one(DiePanel), self.query_one(LossChart), self.query_one(LogPanel)
        self._foe = self.query_one(MonsterPanel)
        self._status, self._notice = self.query_one(StatusLine), self.query_one(NoticeLine)
        self.query_one(ProofPanel).name_box("Proof")
        self._put_in_place()
        if self.presenting:
            self.present(True)
        self._curtain = Curtain(self)
        self.call_after_refresh(self._first_picture)

    @while_open
    def _first_picture(self) -> None:
        """Panels have their sizes, and the run has told how it stands."""
        self.show_news()
        self.set_interval(TICK_SECONDS, self.tick)
        self._raise_curtain()

    def _raise_curtain(self) -> None:
        if self._curtain is not None:
            self._curtain.rise()

    def on_unmount(self) -> None:
        self._raise_curtain()

    @while_open
    def on_screen_resume(self) -> None:
        """What lay over it was closed."""
        self.want_picture()
        self.next_card()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that this kind of training has no use for are not there."""
        needed = {"join": self.may_join, "dials": bool(self.dials), "reveal": bool(self.scene.hidden)}
        return needed[action] if action in needed else super().check_action(action, parameters)

    # Messages in.

    @while_open
    def tick(self) -> None:
        """Let an old answer go, and draw if it is time."""
        self._ticks += 1
        self._notice.tick(time.monotonic())
        if self._due():
            self._ticks = 0
            self.show_news()

    def show_news(self) -> None:
        """Take in the turns that were played, and draw. Nothing else moves the scene."""
        for message in self.bridge.take():
            self._receive(message)
        self.draw()

    def want_picture(self) -> None:
        """Draw at once; with the next tick if the last picture is younger than one."""
        self._wanted = True
        if self.is_mounted and time.monotonic() - self._drawn_at >= TICK_SECONDS:
            self.call_later(self._show_wanted)

    @while_open
    def _show_wanted(self) -> None:
        if self._wanted:
            self.show_news()

    def _due(self) -> bool:
        news = len(self.bridge.buffer) > 0
        if self._wanted or self.bridge.buffer.urgent or (news and self._slow_enough_to_read()):
            return True
        rested = self._rested()
        share = DRAGGED_SHARE if self.game.resizes.waiting else RESTED_SHARE if rested else PICTURE_SHARE
        every = STILL_TICKS if not (news and self.is_active) else 1 if rested else FAST_TICKS
        return self._ticks >= every and self._share.wait(share) <= 0

    def _rested(self) -> bool:
        """Whether the training waits between turns, and leaves time to the screen."""
        wished, rate = self.bridge.inbox.turns_per_second, self._speedometer.rate
        return self.bridge.inbox.paused or (wished is not None and (rate is None or rate >= 0.9 * wished))

    def _receive(self, message: Message) -> None:
        match message:
            case AutoPaused():
                self._auto_paused(message)
            case ToExplain():
                self.explain(message)
            case VoteDue():
                self.vote_due(message)
            case Opened():
                if message.note:
                    self.tell_player(clean(message.note), "warn")
            case Failed():
                self.scene.failure = self.scene.failure or message.error
                self.tell_player(f"✖ {clean(message.error)}", "bad+strong", stays="always")
            case Left():
                self.game.expedition_left()
            case Sought(scene):
                self._stand_elsewhere(scene)
            case _:
                choices = self.scene.sheet.choices
                self.scene.apply(message)
                self._choice_due = self._choice_due or (self.bridge.explains and self.scene.sheet.choices > choices)
                self._react(message)

    def _stand_elsewhere(self, scene: Scene) -> None:
        self.scene = self.bridge.scene = scene
        self._roll_drawn = scene.roll
        self._speedometer = Speedometer()
        self._moment.clear()
        self._log.follow()

    def _react(self, event: Event) -> None:
        """What an event means to the player beyond what the panels show."""
        self.note(event)
        if isinstance(event, Saved):
            self._saved_at = time.monotonic()
        if isinstance(event, CommandAccepted) and any(isinstance(before, RoomVoted) for before in self._moment):
            return  # the vote has said what the room chose
        if (echo := echo_of(event, self.scene.objective)) is not None:
            self._echo(*echo)

    def _auto_paused(self, message: AutoPaused) -> None:
        self.stay_paused()
        self._why = RULES.get(message.reason, message.reason)
        self.tell_player(paused_line(message.turn, self._why), "warn", stays="unless hinted")
        shown = CARDS.get(message.reason)
        for event in self._moment:
            if shown is not None and isinstance(event, shown) and not message.ran:
                self.add_card(event)
        self.next_card()

    @property
    def may_show_cards(self) -> bool:
        return not self.leaving and self._plan.size != "tiny"

    def leave_to_card(self, events: Sequence[Event]) -> None:
        """The line above the keys does not say again, cut, what the card says."""
        echoes = [echo_of(event, self.scene.objective) for event in events]
        if any(echo is not None and echo[0] == self.notice for echo in echoes):
            self._notice.clear()

    @property
    def notice(self) -> str:
        """The answer that stands on the line above the keys."""
        return self._notice.text

    def take_leave(self) -> None:
        """The app is leaving, and the run is on its way to its last save."""
        if self.is_mounted:
            words = "The scouts come back, then the run is saved." if self.scene.scouting else "Saving …"
            self.tell_player(f"{words} Ctrl+Q quits without waiting.", "accent", stays="always")
        self.leaving = True

    def tell_player(self, text: str, tone: str, stays: Stays = "not", *, alone: bool = False) -> None:
        """On the line above the keys; what is longer than the line, in a box besides.

        Nothing takes the place of the last word, that the run is being saved.
        """
        if not self._echo(text, tone, stays, alone=alone) and not self.leaving:
            self.notify(text, severity=SEVERITIES.get(tone, "information"), timeout=8, markup=False)

    def _echo(self, text: str, tone: str, stays: Stays = "not", *, alone: bool = False) -> bool:
        """The same for what the log tells as well: on the line alone. Whether the line has room for all of it."""
        if self.leaving:
            return False
        if self.presenting and stays == "not":  # the last row reads slowly
            stays = "unless hinted"
        if not alone:
            self.want_picture()
        return self._notice.say(text, tone, time.monotonic() if stays == "not" else None, yields=stays == "unless hinted")

    # The picture out.

    @while_open
    def on_resize(self) -> None:
        self.place_panels()

    def place_panels(self) -> None:
        """Put every panel in its place for this size and tab."""
        if not self._panels:
            return
        fresh = plan(self.size.width, self.size.height, self.chosen_tab, presenting=self.presenting)
        if fresh == self._plan and self.has_class(f"-{fresh.size}"):
            return
        self._plan = fresh
        self.update_classes({f"-{size}": size == fresh.size for size in ("tiny", "small", "wide")} | {"-presenting": self.presenting})
        self._put_in_place()
        self.call_after_refresh(self.draw)

    def _put_in_place(self) -> None:
        for name, panel in self._panels.items():
            place = self._plan.places.get(name)
            panel.display = place is not None
            if place is not None:
                panel.styles.offset = (place.x, place.y)
                panel.styles.width, panel.styles.height = place.width, place.height

    @while_open
    def draw(self) -> None:
        """Give all panels the lines of the scene."""
        self._share.begin()
        self._wanted = False
        scene, shown = self.scene, self._plan.places
        now = self._drawn_at = time.monotonic()
        pace = self._pace(now)
        self._speedometer.note(now, scene.turn, pace.wished, standing=pace.paused or scene.scouting)
        if not shown:
            state = "The run is paused; space resumes it." if pace.paused else "The run goes on."
            self.query_one("#too-small", Static).update(Content(TOO_SMALL + state), layout=False)
            return
        self._status.show_state(scene, self._pace(now))
        room = self._notice.content_size.width - 2
        self._notice.suggest(hint_line(scene, room, scouts=self.sends_scouts, keys=self.commands, dials=self.dials))
        if "compact" in shown:
            self.query_one(CompactPanel).show_scene(scene)
        if "die" in shown:
            self._draw_die()
        self._chart.show_scene(scene)
        self._draw_words(shown)
        # Each panel would tell of itself when it is idle, and a frame may fall between two of them.
        self._dirty_widgets.update(panel for panel in self._panels.values() if panel.display)
        self.check_idle()

    def _draw_words(self, shown: Collection[str]) -> None:
        self._foe.set_class(self.scene.monster is not None, "-foe")
        for panel in self._words:
            if panel.id in shown:
                panel.show_scene(self.scene)
        if "log" in shown:
            default = self._slow_enough_to_read() and not self.presenting
            self._log.detailed = default if self._detail is None else self._detail
            self._log.show_scene(self.scene)
        if "tabs" in shown:
            self.query_one(TabLine).show_tabs(TABS, self.chosen_tab)
        keys = self._presenter_keys() if self.presenting else self._key_list()
        self.query_one(KeyLine).show_keys([*self.game.more_keys(), *keys])

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
        self._why = self._why if inbox.paused else ""
        rate, steady = self._speedometer.rate, self._speedometer.steady
        return Pace(inbox.paused, inbox.turns_per_second, rate, ago, self.leaving, self._why, bool(self.bridge.until), steady=steady)

    def _key_list(self) -> list[Key]:
        """Always the same keys in the same places; what cannot be pressed now is dim, and left out of the narrowest screens."""
        bag = sum(self.scene.bag.values())
        plain = [
            (".", "Step", "step", True),
            ("u", "Until", "until", True),
            ("d", "Diagnose", "diagnose", True),
            *([("t", "Take part", "join", True)] if self.may_join else []),
            ("p", "Predict", "foretell", self.may_foretell),
            ("b", f"Bag {bag}", "bag", bag > 0),
            ("g", "Raise", "raise", bool(self.scene.sheet.choices)),
            ("i", "Inspire", "inspire", self.scene.inspired),
            ("q", "Leave", "leave", True),
            ("+/-", "Speed", "speed(1)", True),
            ("r", "Rest", "rest", True),
            *([("k", "Dials", "dials", True)] if self.dials else []),
            ("v", "Speak", "speak", True),
            ("s", "Save", "save", True),
            ("a", "Auto", "auto", True),
            ("l", "Log", "detail", True),
            ("x", "Chart", "chart", True),
            ("z", "Zoom", "zoom", True),
            ("o", "Stops", "stops", True),
            ("c", "Codex", "codex", True),
        ]
        pause = Key("space", f"{'Resume' if self.bridge.inbox.paused else 'Pause':<6}", "screen.pause")
        keys = [Key(key, label, f"screen.{action}", usable) for key, label, action, usable in plain]
        return [*ability_keys(self.scene), pause, *(key for key in keys if key.usable or self.size.width >= NARROW)]

    def _presenter_keys(self) -> list[Key]:
        """What a lesson needs; all others still work."""
        return [
            Key("space", f"{'Resume' if self.bridge.inbox.paused else 'Pause':<6}", "screen.pause"),
            Key("e", "Vote", "screen.vote"),
            *([Key("h", "Reveal", "screen.reveal")] if self.scene.hidden else []),
            *ability_keys(self.scene),
            Key("u", "Until", "screen.until"),
            Key("d", "Diagnose", "screen.diagnose"),
            Key("m", "Leave presenter", "screen.present"),
            Key("q", "Leave", "screen.leave"),
        ]

    # Looking around.

    def action_detail(self) -> None:
        self._detail = not self._log.detailed
        self.tell_player("Log: every turn." if self._detail else "Log: the story only.", "accent")
        self.draw()

    def action_zoom(self) -> None:
        self._chart.zoom()
        self.draw()

    def action_scroll_log(self, direction: int) -> None:
        self._log.page(direction)

    def action_follow(self) -> None:
        self._log.follow()

    def action_next_tab(self, by: int) -> None:
        names = [name for name, _ in TABS]
        self.action_tab(names[(names.index(self.chosen_tab) + by) % len(names)])

    def action_speak(self) -> None:
        """A small screen turns to where it will be read."""
        super().action_speak()
        self.action_tab("voice")

    def action_tab(self, name: str) -> None:
        self.chosen_tab = name
        self.place_panels()
