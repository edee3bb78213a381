"""What the screens beside the expedition share: what they ask of the app, the way back, and help from anywhere."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, cast

from textual.binding import Binding, BindingType
from textual.screen import Screen

UNTOLD = {"app.focus_next", "app.focus_previous", "screen.copy_text"}
"""What Textual brings along everywhere and nobody looks up."""


class Host(Protocol):
    """The app, as these screens see it."""

    torch_ready: bool
    torch_line: str
    """Such as "torch 2.13 · cpu, 2 threads · ready"."""
    runs: Path
    """The folder that holds the run folders."""

    def start_campaign(self, path: Path, overrides: tuple[str, ...]) -> None: ...
    def resume(self, path: Path) -> None: ...
    def watch_replay(self, path: Path) -> None: ...
    def to_title(self) -> None: ...
    def open_codex(self, slug: str) -> None: ...


def still_open(screen: Screen[Any]) -> bool:
    """Is the screen on the stack of a running app that has not been told to exit? Else it finds some of its widgets, or none."""
    return screen.app.is_running and screen.app.return_code is None and screen in screen.app.screen_stack


class TavernScreen(Screen[None]):
    """A full screen with a footer: Escape goes back, `?` lists the keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("question_mark,f1", "help", "Help", key_display="?", tooltip="This list"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - Textual declares it so
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012

    @property
    def host(self) -> Host:
        return cast(Host, self.app)

    def action_back(self) -> None:
        if len(self.app.screen_stack) > 1:
            self.app.pop_screen()

    def action_help(self) -> None:
        from rolltrain_tui.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(keys_of(self)))


def keys_of(screen: Screen[Any]) -> Sequence[tuple[str, str]]:
    """(keys, what they do) for everything that can be pressed on this screen now, keys of one action together."""
    rows: dict[str, list[str]] = {}
    words: dict[str, str] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if not binding.description or not active.enabled or binding.action in UNTOLD:
            continue
        name = f"{binding.action}/{binding.description}"
        keys = rows.setdefault(name, [])
        shown = screen.app.get_key_display(binding)
        if shown not in keys:
            keys.append(shown)
        words[name] = binding.tooltip or binding.description
    return [(" ".join(keys), words[name]) for name, keys in rows.items()]
