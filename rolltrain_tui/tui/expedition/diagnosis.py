"""The diagnosis: the scouts' verdict, what the last examination found, signal by signal and layer by layer, while the training goes on."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.geometry import Region

from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.protocol.readings import Reading
from rolltrain_tui.rules.health.pace import vouched
from rolltrain_tui.rules.health.signals import SIGNALS, STEP_EXCESS
from rolltrain_tui.story.counsel import advice_of
from rolltrain_tui.story.hints import ails
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.screens.kinds.base import TavernScreen
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.widgets.footer import KeyFooter
from rolltrain_tui.tui.widgets.panel import Line, Panel, justify, paragraph, wrap
from rolltrain_tui.tui.widgets.training.verdict import sends_scouts, verdict_lines
from rolltrain_tui.tui.widgets.training.vitals import COMFORT, advice_lines, beside, detail_lines, layer_lines, signal_lines
from rolltrain_tui.tui.wording.titles import titled

if TYPE_CHECKING:
    from rolltrain_tui.config.schema import CampaignConfig

REFRESH_SECONDS = 0.25
TABLE, ADVICE_FROM, LAYERS_FROM = 80, 112, 168
"""Cells of the table where something stands beside it; the widths from which the advice, and the layers too, do."""
GAP = 3
ORDERS = ("use", "auto", "dials", "turn_dial", "scouts")
"""Actions that act on the run."""


class Player(Protocol):
    """What the page asks of the expedition that it lies on."""

    @property
    def notice(self) -> str:
        """The last answer to the player."""
        ...

    def action_use(self, number: int) -> None: ...

    def action_auto(self) -> None: ...

    def action_dials(self) -> None: ...

    def action_turn_dial(self, name: str, value: str) -> None: ...

    def send_scouts(self) -> None: ...


class DiagnosisPanel(Panel):
    """As high as its lines; the scroll around it does the rest."""

    def show_diagnosis(self, lines: list[Line]) -> None:
        if self.styles.height is None or self.styles.height.value != len(lines):
            self.styles.height = len(lines)
        self.show(lines)


class DiagnosisScreen(TavernScreen):
    """Looks at the expedition's scene four times a second; Escape or `d` goes back to it. Its orders act as they do there."""

    CSS_PATH = "diagnosis.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,d,q", "back", "Back"),
        Binding("up", "choose(-1)", "", show=False),
        Binding("down", "choose(1)", "Signal", key_display="↑ ↓", tooltip="Another signal: what it means, and how it went"),
        Binding("m", "scouts", "Measure", tooltip="Send scouts after the next turn, to measure the best step"),
        *(Binding(str(n), f"use({n})", f"Ability {n}", show=False) for n in range(1, 10)),
        Binding("a", "auto", "Auto", show=False, tooltip="Choose which abilities act by themselves"),
        Binding("k", "dials", "Dials", show=False, tooltip="Dials: change how this kind of training learns"),
        Binding("pageup,b", "leaf(-1)", "Page up", show=False, tooltip="A page up"),
        Binding("pagedown,space", "leaf(1)", "Page down", show=False, tooltip="A page down"),
        Binding("home", "jump(-1)", "Top", show=False),
        Binding("end", "jump(1)", "End", show=False),
    ]

    def __init__(self, scene: Scene, config: "CampaignConfig | None", player: Player | None = None) -> None:
        """`player`: who gives the orders; None in a replay. What the game tells its player while this page is open stands here too."""
        super().__init__()
        self._scene, self._config, self._player = scene, config, player
        self._chosen = 0
        """The signal that the cursor is on, counted from the first."""
        self._known = self._notice
        self._told: object = None
        """What the picture that stands there was drawn from."""

    @property
    def _notice(self) -> str:
        return self._player.notice if self._player is not None else ""

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="diagnosis", can_focus=False):
            yield DiagnosisPanel(id="diagnosis-lines")
        yield Panel(id="signal-detail")
        yield KeyFooter()

    @while_open
    def on_mount(self) -> None:
        self.query_one("#diagnosis").border_title = "Diagnosis"
        self.set_interval(REFRESH_SECONDS, self._tick)
        self.call_after_refresh(self.look)

    @while_open
    def on_resize(self) -> None:
        self.call_after_refresh(self.look)

    @while_open
    def _tick(self) -> None:
        """Draw where there is news: drawing takes time from the training."""
        if self._told != self._news:
            self.look()

    @property
    def _news(self) -> object:
        scene = self._scene
        return scene.turn, scene.examined, scene.scouts, scene.scouting, scene.monster, scene.hidden, self._notice

    @while_open
    def look(self) -> None:
        """Draw what the newest examination says."""
        self._told = self._news
        panel, detail = self.query_one(DiagnosisPanel), self.query_one("#signal-detail", Panel)
        panel.show_diagnosis(diagnosis_lines(self._scene, self._config, panel.size.width, self._chosen, keys=self._player is not None))
        detail.display = self._scene.examined is not None
        if self._scene.examined is not None:
            readings = readings_of(self._scene)
            reading = readings[min(self._chosen, len(readings) - 1)]
            lines = detail_lines(reading, self._scene, max(20, detail.content_size.width))
            if (notice := self._notice) not in ("", self._known):
                lines = [*lines, [(notice, "accent")]]
            detail.styles.height = len(lines) + 1  # and the edge above
            detail.show(lines)

    @property
    def _page(self) -> VerticalScroll:
        return self.query_one("#diagnosis", VerticalScroll)

    @property
    def _first_row(self) -> int:
        """Where the first signal stands."""
        return len(head_lines(self._scene, self._config, self.query_one(DiagnosisPanel).size.width, keys=self._player is not None)) + 2

    def action_choose(self, by: int) -> None:
        """Move the cursor; past the last signal the page scrolls on."""
        readings = readings_of(self._scene)
        if not 0 <= self._chosen + by < len(readings):
            self._page.scroll_relative(y=by, animate=False)
            return
        self._chosen += by
        self.look()
        row = self._first_row + self._chosen
        self._page.scroll_to_region(Region(0, row - 1, 1, 3), animate=False, force=True)

    # What acts on the run is the expedition's to do.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._player is not None or action not in ORDERS

    def action_use(self, number: int) -> None:
        self._order(lambda player: player.action_use(number))

    def action_auto(self) -> None:
        self._order(lambda player: player.action_auto())

    def action_dials(self) -> None:
        self._order(lambda player: player.action_dials())

    def action_turn_dial(self, name: str, value: str) -> None:
        self._order(lambda player: player.action_turn_dial(name, value))

    def action_scouts(self) -> None:
        self._order(lambda player: player.send_scouts())

    def _order(self, act: Callable[[Player], None]) -> None:
        if self._player is not None:
            act(self._player)
            self.look()

    def action_leaf(self, by: int) -> None:
        self._page.scroll_relative(y=by * max(1, self._page.size.height - 2), animate=False)

    def action_jump(self, to: int) -> None:
        self._page.scroll_home(animate=False) if to < 0 else self._page.scroll_end(animate=False)


def readings_of(scene: Scene) -> tuple[Reading, ...]:
    """What the last examination found. Scouts that came back after it have measured their own signal anew. Empty before the first."""
    if scene.examined is None:
        return ()
    readings, scouts = scene.examined.readings, scene.scouts
    if scouts is None or scouts.turn < scene.examined.turn:
        return readings
    row, old = SIGNALS[STEP_EXCESS], next((reading for reading in readings if reading.signal == STEP_EXCESS), None)
    value = 1 / vouched(scouts.pace, scouts.best)
    anew = replace(old, value=value) if old is not None else Reading(STEP_EXCESS, value, row.low, row.high)
    return (*(reading for reading in readings if reading is not old), anew)


def head_lines(scene: Scene, config: "CampaignConfig | None", width: int, *, keys: bool = True) -> list[Line]:
    """What stands above the table of signals: the verdict, how many signals are sick, who is here."""
    found = scene.examined
    assert found is not None
    verdict = verdict_lines(scene, config, width, keys=keys)
    known = [reading for reading in readings_of(scene) if reading.condition != "unknown"]
    sick = sum(reading.condition == "sick" and reading.signal not in found.uncounted for reading in known)
    if sick:
        state, tone = f"✖ {sick} of {len(known)} signals out of bounds", "bad+strong"
    elif found.uncounted:
        state, tone = f"· young: {len(found.uncounted)} of {len(known)} signals out of bounds", "muted"
    else:
        state, tone = f"✔ all {len(known)} signals within bounds", "good+strong"
    head: list[Line] = [*verdict, *([[]] if verdict else [])]
    head.append(justify([(state, tone)], [(f"after turn {found.turn}", "muted")], width))
    if scene.monster is not None:
        words = f"{titled(scene.monster.name)} is here. {clean(scene.monster.why)}"
        head += [[(f"‡ {line}" if n == 0 else f"  {line}", "warn")] for n, line in enumerate(wrap(words, width - 2))]
    return head


def comfort_of(scene: Scene, config: "CampaignConfig | None") -> tuple[str, str]:
    """What is said where no signal is sick, and its tone. It must not contradict what stands above it."""
    if ails(scene, scouts=sends_scouts(config)):
        return "No signal is out of range, and yet something ails the run: see above.", ""
    if scene.examined is not None and scene.examined.uncounted:
        return "The run is young: what is out of its range does not count yet.", ""
    return COMFORT if scene.monster is None else ("✔ No signal is out of range.", "good")


def diagnosis_lines(
    scene: Scene, config: "CampaignConfig | None", width: int, chosen: int | None = None, *, keys: bool = True
) -> list[Line]:
    """The whole page for this width: before the first examination a word on what will stand here, and when.

    `keys`: the run is the player's, whose keys act on it.
    """
    found = scene.examined
    if found is None:
        verdict = verdict_lines(scene, config, width, keys=keys)
        return [*verdict, *([[]] if verdict else []), *paragraph(_not_yet(scene, config), min(width, 76), "muted")]
    readings = readings_of(scene)
    head = head_lines(scene, config, width, keys=keys)
    stacked = width < ADVICE_FROM
    beside_it = TABLE if width >= LAYERS_FROM else width - TABLE - GAP
    table = signal_lines(readings, width if stacked else TABLE, scene.objective, chosen, found.uncounted)
    advice = advice_lines(
        readings, width if stacked else beside_it, comfort_of(scene, config), found.uncounted, lambda signal: advice_of(signal, scene)
    )
    if width >= LAYERS_FROM:
        return [*head, [], *beside([*table, [], *advice], layer_lines(found.layers, width - TABLE - GAP), TABLE + GAP)]
    body = [*table, [], *advice] if stacked else beside(table, advice, TABLE + GAP)
    return [*head, [], *body, [], *layer_lines(found.layers, width)]


def _not_yet(scene: Scene, config: "CampaignConfig | None") -> str:
    promise = (
        "Here will stand what can be read off the run: every signal with its healthy range and a verdict, what a practitioner would do "
        "about the sick ones, and every layer's gradients and updates."
    )
    if "diagnosis" in scene.hidden:
        return f"{promise}\n\nThe diagnosis is kept back, so that the class can guess first. Back in the game, h reveals it."
    if config is not None and not config.diagnosis.examine:
        return f"{promise}\n\nThis campaign does not examine its model: diagnosis.examine is false. Set it to true to see all of it."
    if config is None:
        return f"{promise}\n\nThe first examination comes with the next evaluation."
    every = config.evaluation.every
    return f"{promise}\n\nThe next examination comes with the evaluation after turn {(scene.turn // every + 1) * every}."
