"""The last line of a screen: what can be pressed on it. Textual's own footer is a widget for each key, made anew at each change."""

from collections.abc import Iterable, Iterator
from typing import Any

from textual.app import App
from textual.binding import ActiveBinding, Binding
from textual.events import MouseMove
from textual.screen import Screen

from rolltrain_tui.tui.widgets.panel import Line, Span, WholePanel, justify, width_of

Told = tuple[ActiveBinding, list[Span]]
"""A key, as the line tells it."""
LIST = "help"
"""The action that lists every key of a screen."""


class KeyFooter(WholePanel):
    """Keys that do not fit whole are left out; then it ends with `?`, under which all are listed."""

    DEFAULT_CSS = """
    KeyFooter { dock: bottom; height: 1; color: $footer-foreground; background: $footer-background; }
    """

    def __init__(self, *, compact: bool = False, palette: bool = True) -> None:
        """`compact`: one space between words where two have no room; `palette`: the key of the command palette stands at the right."""
        super().__init__(self._line)
        self._compact, self._palette = compact, palette
        self._hints: list[tuple[int, str]] = []
        """The column behind each key, with what the key does."""

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._keys_changed)

    def _keys_changed(self, screen: Screen[Any]) -> None:
        if self.is_attached and screen is self.screen:
            self.look_again()

    def on_mouse_move(self, event: MouseMove) -> None:
        self.tooltip = next((hint for end, hint in self._hints if event.x < end), None) or None

    def _line(self, width: int, height: int) -> list[Line]:
        right: list[Span] = []
        active = self.screen.active_bindings
        if self._palette and (palette := active.get(self.app.COMMAND_PALETTE_BINDING)) is not None:
            right = [("▏", "edge"), *self._spans(palette, close=True)]
        room = width - width_of(right)
        keys = sorted(_shown(active.values()), key=lambda key: key.binding.key != "enter")  # first, whatever has the focus
        room_left = room - 1 if right else room + 1  # a space before the palette's key; at the edge none need fit
        told = [(key, self._spans(key, close=False)) for key in keys]
        if close := self._compact and _width(told) > room_left:
            told = [(key, self._spans(key, close=True)) for key in keys]
        told = self._fitting(told, room_left, close)
        left: list[Span] = []
        self._hints = []
        for key, spans in told:
            left += spans
            self._hints.append((width_of(left), key.tooltip or key.binding.description))
        if right:
            self._hints += [(room, ""), (width, palette.tooltip or palette.binding.description)]  # type: ignore[union-attr]
        return [justify(left, right, width) if right else left]

    def _fitting(self, told: list[Told], room: int, close: bool) -> list[Told]:
        """All keys, or the first of them with the one that lists all at the end."""
        if _width(told) <= room:
            return told
        more = [(key, self._spans(key, close=close, words="More")) for key, _ in told if key.binding.action == LIST]
        first = [(key, spans) for key, spans in told if key.binding.action != LIST]
        while first and _width(first + more) > room:
            first.pop()
        return first + more

    def _spans(self, key: ActiveBinding, *, close: bool, words: str = "") -> list[Span]:
        """`close`: without a space before the key. `words`: in place of its own."""
        name, words = key_name(self.app, key.binding), words or key.binding.description
        action = f"app.simulate_key({key.binding.key!r})" if key.enabled else "app.bell"
        tones = ("shortcut", "") if key.enabled else ("off", "off")
        texts = (name, f" {words} ") if close else (f" {name} ", f"{words} ")
        return [(text, tone, action) for text, tone in zip(texts, tones, strict=True)]


def key_name(app: App[Any], binding: Binding) -> str:
    """The key as sentences tell it: Textual has a sign for Enter."""
    return "Enter" if binding.key == "enter" and not binding.key_display else app.get_key_display(binding)


def _shown(keys: Iterable[ActiveBinding]) -> Iterator[ActiveBinding]:
    """The keys to show; of several that do the same, the first."""
    told = set()
    for key in keys:
        if key.binding.show and key.binding.action not in told:
            told.add(key.binding.action)
            yield key


def _width(told: list[Told]) -> int:
    return sum(width_of(spans) for _, spans in told)
