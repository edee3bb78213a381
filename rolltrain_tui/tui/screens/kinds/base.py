"""What screens share: the app as they see it, the way back, and the list of keys."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, ParamSpec, Protocol, cast

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static
from textual.worker import Worker

from rolltrain_tui.base.atomic_files import refusal
from rolltrain_tui.base.blame import told
from rolltrain_tui.base.safe_text import clean
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.screens.kinds.curtain import Curtain
from rolltrain_tui.tui.screens.kinds.dialog import AnswersOnce, Dialog
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.terminal.resizes import Resizes
from rolltrain_tui.tui.widgets.footer import key_name

if TYPE_CHECKING:
    from rolltrain_tui.classroom.ballot import Ballot
    from rolltrain_tui.tui.widgets.keys import Key

UNTOLD = {"app.focus_next", "app.focus_previous", "screen.copy_text"}
"""Bindings of Textual's own, which the list of keys leaves out."""

Destination = Literal["quit", "title"]


class Host(Protocol):
    """The app, as screens see it."""

    torch_ready: bool
    torch_line: str
    """Such as "torch 2.13 · cpu, 2 threads · ready"."""
    runs: Path
    """The folder that holds the run folders."""
    secretive: bool
    """Lists do not tell how finished runs are judged: a class is to guess it."""

    def start_campaign(self, path: Path, overrides: tuple[str, ...]) -> None: ...
    def resume(self, path: Path) -> None: ...
    def watch_replay(self, path: Path, *, over: Screen[Any] | None = None) -> None: ...
    def branch(self, run: Path, turn: int, *, without: str = "") -> None: ...
    def to_title(self) -> None: ...
    def open_codex(self, slug: str) -> None: ...
    def open_dungeon(self) -> None: ...
    def leave(self, to: Destination) -> None: ...


class Game(Host, Protocol):
    """The app, as the screens of a run see it."""

    launch: Launch
    resizes: Resizes
    ballot: "Ballot"
    """Where the room votes."""

    def expedition_left(self) -> None: ...
    def more_keys(self) -> "Sequence[Key]": ...


P = ParamSpec("P")
SLIM = 60
"""Columns below which a list stands above its page, not beside it."""


def in_thread(what: str) -> Callable[[Callable[P, None]], Callable[P, Worker[None]]]:
    """The method of a TavernScreen works in a thread, one call of it at a time; `what` it does is said where it fails."""
    return work(thread=True, exclusive=True, exit_on_error=False, group=what, description=what)


class HelpScreen(Dialog[None]):
    """A list of keys over whatever is open. Any of Escape, Enter, q and ? closes it."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,question_mark,f1", "close", "Close"),
        Binding("down,j", "scroll_list(1)", "Down", show=False),
        Binding("up,k", "scroll_list(-1)", "Up", show=False),
    ]

    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]

    def __init__(self, keys: Sequence[tuple[str, str]], title: str = "Keys") -> None:
        super().__init__()
        self._keys = tuple(keys)
        self._title = title

    def compose(self) -> ComposeResult:
        from rolltrain_tui.tui.widgets.fact import Fact

        with Vertical(id="help"):
            with VerticalScroll(id="help-scroll"):
                for keys, words in self._keys:
                    yield Fact(keys, words)
            yield Static(Content("Escape closes · the codex tells more of every mechanic"), id="help-foot")

    @while_open
    def on_mount(self) -> None:
        box, keys = self.query_one("#help"), self.query_one("#help-scroll")
        box.border_title = Content(self._title)
        width = max((len(keys) for keys, _ in self._keys), default=0)
        for name in self.query(".fact-name"):
            name.styles.width = min(22, width) + 3
        keys.focus()

        def name_keys(longer: bool) -> None:
            box.border_subtitle = "↓ reads on" if longer else ""

        self.watch(keys, "show_vertical_scrollbar", name_keys)

    def action_scroll_list(self, by: int) -> None:
        self.query_one("#help-scroll").scroll_relative(y=by, animate=False)

    def action_close(self) -> None:
        self.dismiss(None)


class TavernScreen(AnswersOnce, Screen[None]):
    """A full screen with a footer: Escape goes back, `?` lists the keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("question_mark,f1", "help", "Help", key_display="?", tooltip="This list"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]

    @while_open
    def on_mount(self) -> None:
        """Textual calls this one after the subclass's own."""
        Curtain(self).rise_when_settled()

    @while_open
    def on_resize(self) -> None:
        self.set_class(self.size.width < SLIM, "-slim")

    @property
    def host(self) -> Host:
        return cast(Host, self.app)

    @on(Worker.StateChanged)
    @while_open
    def _tell_of_failed_work(self, event: Worker.StateChanged) -> None:
        """What a thread of this screen could not do is said, and the game goes on."""
        if (error := event.worker.error) is not None:
            file = f"{error.filename}: " if isinstance(error, OSError) and error.filename is not None else ""
            words = refusal(error) if isinstance(error, OSError) else str(error) if isinstance(error, ValueError) else told(error)
            self.notify(clean(file + words), title=f"It failed: {event.worker.description}", severity="error", timeout=12, markup=False)

    def action_back(self) -> None:
        if self.is_active and len(self.app.screen_stack) > 1:  # else a key typed fast closes what lies below
            self.app.pop_screen()

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen(keys_of(self)))


MOST_KEYS = 4
"""Keys listed in one row; of more, such as all digits, only the first and the last are listed."""
SCROLLING = ("scroll_", "page_")
"""How the actions begin by which Textual scrolls a text that has the focus."""


def keys_of(screen: Screen[Any]) -> Sequence[tuple[str, str]]:
    """(keys, what they do) for everything that can be pressed on this screen now: its own first, keys of the same words together."""
    rows: dict[str, list[str]] = {}
    scrolls = False
    for active in sorted(screen.active_bindings.values(), key=lambda active: active.node is not screen):
        binding = active.binding
        if not binding.description or not active.enabled or binding.action in UNTOLD:
            continue
        if binding.action.startswith(SCROLLING) and not binding.tooltip:
            scrolls = True
            continue
        keys = rows.setdefault(binding.tooltip or binding.description, [])
        shown = key_name(screen.app, binding)
        if shown not in keys:
            keys.append(shown)
    reading = [("↑ ↓", "Read on; also page up, page down, home and end")] if scrolls else []
    return [*((" ".join(keys) if len(keys) <= MOST_KEYS else f"{keys[0]} … {keys[-1]}", words) for words, keys in rows.items()), *reading]
