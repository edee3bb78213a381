"""The line of keys: what can be pressed now."""

from collections.abc import Sequence
from dataclasses import dataclass

from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.widgets.panel import Line, Panel, Span, width_of
from rolltrain_tui.tui.wording.titles import titled


@dataclass(frozen=True, slots=True)
class Key:
    key: str
    label: str
    action: str
    """A Textual action, for a click."""
    usable: bool = True


class KeyLine(Panel):
    def show_keys(self, keys: Sequence[Key]) -> None:
        self.show(key_lines(keys, self.content_size.width, self.content_size.height))


MORE = Key("?", "more", "screen.help")
"""Ends the line."""


def ability_keys(scene: Scene) -> list[Key]:
    """The hero's abilities by number, with what is left of them."""
    keys = []
    for number, charge in enumerate(scene.charges.values(), start=1):
        pool = "" if charge.left is None else f" {charge.left}/{charge.most}"
        usable = charge.left != 0 or charge.ability in scene.active
        keys.append(Key(str(number), f"{titled(charge.ability)}{pool}", f"screen.use({number})", usable))
    return keys


def key_lines(keys: Sequence[Key], width: int, height: int) -> list[Line]:
    """The keys from left to right on up to `height` rows, `?` at the end; those that do not fit are in the help."""
    rows: list[list[Span]] = [[]]
    more = _spans(MORE)
    for key in keys:
        spans = _spans(key)
        last = width_of(more) if len(rows) == height else 0
        if width_of(rows[-1]) + width_of(spans) + last > width:
            if len(rows) == height:
                break
            rows.append([])
        rows[-1] += spans
    if width_of(rows[-1]) + width_of(more) > width:
        rows.append([])
    rows[-1] += more
    return list(rows)


def _spans(key: Key) -> list[Span]:
    return [
        (f" {key.key} ", "key" if key.usable else "off", key.action),
        (f"{key.label} ", "" if key.usable else "off", key.action),
    ]
