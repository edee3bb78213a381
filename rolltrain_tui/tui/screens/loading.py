"""While an expedition is being readied: torch is loaded, the text is read, the model is built."""

from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from rolltrain_tui.tui.drawing.polyhedra import FRAMES, picture
from rolltrain_tui.tui.opening import LOADING_DIE, LOADING_HINT
from rolltrain_tui.tui.screens.kinds.base import Host
from rolltrain_tui.tui.screens.kinds.while_open import while_open

FRAME_SECONDS = 0.12


class LoadingScreen(Screen[None]):
    """A tumbling die, and a way back. Escape leaves as soon as what has been begun can be put down."""

    CSS_PATH = "loading.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "turn_back", "Back to the title")]

    def __init__(self, words: str, *, still: bool = False) -> None:
        """`words` say what is being done; `still`: the die does not tumble."""
        super().__init__()
        self._words = words
        self._still = still
        self._frame = 0

    def compose(self) -> ComposeResult:
        with Vertical(id="loading"):
            yield Static(Content(self._die()), id="loading-die")
            yield Static(Content(self._words), id="loading-words")
            yield Static(Content(LOADING_HINT), id="loading-hint")

    @while_open
    def on_mount(self) -> None:
        if not self._still and self.app.animation_level != "none":
            self.set_interval(FRAME_SECONDS, self._tumble)

    @while_open
    def _tumble(self) -> None:
        self._frame = (self._frame + 1) % FRAMES
        self.query_one("#loading-die", Static).update(Content(self._die()), layout=False)

    def _die(self) -> str:
        return "\n".join(picture(20, self._frame, *LOADING_DIE))

    def take_leave(self) -> None:
        """The app is leaving; what has been begun can be put down in a moment."""
        if self.is_mounted:
            self.query_one("#loading-words", Static).update(Content("Turning back …"), layout=False)
            self.query_one("#loading-hint", Static).update(Content(""), layout=False)

    def action_turn_back(self) -> None:
        cast(Host, self.app).leave("title")
