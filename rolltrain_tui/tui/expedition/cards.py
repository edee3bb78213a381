"""Cards over an expedition that waits. Each says what happened and which keys go on."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events as textual_events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from rolltrain_tui.protocol.events import Event
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.expedition.card_faces import face_of
from rolltrain_tui.tui.screens.kinds.dialog import Dialog
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.widgets.fact import Fact

GO_ON, PAUSE, SKIP = "go on", "pause", "skip the lessons"


class Card(Dialog[str]):
    """Enter or Escape answers GO_ON, Space PAUSE. Another key answers with its name, for the screen below.

    With `press` it is a lesson: that key alone answers, and Escape with SKIP.
    """

    CSS_PATH = "cards.tcss"
    BY_ITSELF = True
    VERTICAL_BREAKPOINTS = [(0, "-least"), (18, "-shortest"), (24, "-short"), (30, "-tall"), (36, "-tallest")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go_on", "Go on", priority=True),
        Binding("space", "pause", "Pause", priority=True),
        Binding("escape", "put_away", "Put away", priority=True),
        Binding("ctrl+c", "app.help_quit", "What quits", show=False, priority=True),
        Binding("down", "read(1)", "Down", show=False),
        Binding("up", "read(-1)", "Up", show=False),
    ]

    def __init__(self, events: Event | Sequence[Event], scene: Scene | None = None, press: str | None = None) -> None:
        super().__init__()
        self.face = face_of(events if isinstance(events, Sequence) else (events,), scene)
        self.press = press

    def compose(self) -> ComposeResult:
        face = self.face
        with Vertical(id="card", classes=f"-{face.tone}"):
            yield Static(Content(_block(face.art)), id="card-art")
            yield Static(Content(face.headline), id="card-headline")
            with VerticalScroll(id="card-body", can_focus=False):
                for name, value in face.rows:
                    yield Fact(name, value)
            yield Static(self._foot(), id="card-foot")

    @while_open
    def on_mount(self) -> None:
        card = self.query_one("#card")
        card.border_title = Content(self.face.title)
        card.border_subtitle = Content(self.face.subtitle)
        if not self.face.art:
            self.query_one("#card-art").display = False

    def _foot(self, words: str = "Press ", tone: str = "$accent") -> Content:
        if self.press is None:
            return Content.assemble(("Enter", tone), ": continue · ", ("space", tone), ": stay paused")
        return Content.assemble(words, (f" {self.press} ", f"bold {tone} reverse"), " · ", ("Esc", tone), ": skip the lessons")

    def on_click(self, event: textual_events.Click) -> None:
        event.stop()
        self.action_go_on()

    def on_key(self, event: textual_events.Key) -> None:
        event.stop()
        if self.press is None or self.press in (event.character, event.key):
            self._answer(event.key)
        else:
            self._insist()

    def action_go_on(self) -> None:
        if self.press is None:
            self._answer(GO_ON)
        else:
            self._insist()

    def action_pause(self) -> None:
        if self.press in (None, "space"):
            self._answer(PAUSE)
        else:
            self._insist()

    def action_put_away(self) -> None:
        self._answer(GO_ON if self.press is None else SKIP)

    def action_read(self, by: int) -> None:
        self.query_one("#card-body").scroll_relative(y=by, animate=False)

    def _insist(self) -> None:
        """The lesson waits for its own key, and says so."""
        self.app.bell()
        self.query_one("#card-foot", Static).update(self._foot("This card waits for ", "$error"))

    def _answer(self, answer: str) -> None:
        if self.is_current:
            self.dismiss(answer)


def _block(art: tuple[str, ...]) -> str:
    """Drawn lines made equally wide, so that centring moves them together."""
    width = max(map(len, art), default=0)
    return "\n".join(line.ljust(width) for line in art)
