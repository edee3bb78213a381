"""The bytes of a terminal as key events. Sequences that no keyboard sends are ignored; Textual's own reader would end the game."""

import codecs
from collections.abc import Iterable

from textual._xterm_parser import XTermParser
from textual.events import Key
from textual.keys import Keys
from textual.message import Message


class Keyboard:
    """Bytes in, events out."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._parser = _LenientParser()

    def read(self, typed: bytes) -> Iterable[Message]:
        """The events in these bytes, and those of earlier sequences that were never completed. A byte that is not UTF-8 becomes U+FFFD."""
        if text := self._decode(typed):
            yield from self._parser.feed(text)
        yield from self._parser.tick()


class _LenientParser(XTermParser):
    """A parser that goes on after a sequence that it cannot read."""

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[Key]:
        try:
            yield from super()._sequence_to_key_events(sequence, alt)
        except (ValueError, OverflowError):  # a code point that does not exist, or event types of the kitty protocol, which are not enabled
            yield Key(Keys.Ignore, sequence)

    def parse_mouse_code(self, code: str) -> Message | None:
        try:
            return super().parse_mouse_code(code)
        except ZeroDivisionError:  # the terminal reported a width of 0 pixels
            return None
