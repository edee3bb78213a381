"""One line that answers the player: what was asked, what came of it, why the game waits."""

import re
from typing import Literal

from rich.cells import cell_len

from rolltrain_tui.tui.widgets.panel import Line, Panel, cut

Stays = Literal["not", "unless hinted", "always"]
"""An answer goes after some seconds, or when a hint has more to say, or with the next answer."""
SECONDS, BEFORE_A_HINT = 6.0, 2.5
"""How long an answer stays: where nothing else has to be said, and where a hint waits. At full speed a hint is of use for seconds only."""


def whole_clauses(text: str, width: int) -> str:
    """At most `width` cells of a sentence: without its last clauses or, where these are half of the line or more, its last words."""
    if cell_len(text) <= width:
        return text
    for end in (r"[.,;:] | \(", " "):
        heads = (f"{text[: found.start()]} …" for found in re.finditer(end, text))
        if fitting := [head for head in heads if width // 2 <= cell_len(head) <= width]:
            return fitting[-1]
    return cut(text, width)


class NoticeLine(Panel):
    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.text, self._tone = "", ""
        self._until: float | None = None
        self._idle: Line = ()
        self._yields = False

    def say(self, text: str, tone: str, now: float | None = None, *, yields: bool = False) -> bool:
        """Whether all of it is shown.

        `now` is the screen's clock; without it the line stays until the next one. `yields`: a suggestion takes its place.
        """
        self.text, self._tone, self._until, self._yields = text, tone, None if now is None else now + SECONDS, yields
        return self._show_text() == text

    def _show_text(self) -> str:
        shown = whole_clauses(self.text, max(0, self.content_size.width - 2))
        self.show([[(" ", ""), (shown, self._tone)]])
        return shown

    def on_resize(self) -> None:
        """What was cut may have room now."""
        if self.text and not (self._idle and self._yields):
            self._show_text()

    def suggest(self, line: Line) -> None:
        """What stands here while there is nothing to answer."""
        self._idle = line
        if not self.text or (line and self._yields):
            self.show([[(" ", ""), *line]] if line else [])

    def tick(self, now: float) -> None:
        if self._until is not None and now >= self._until - (SECONDS - BEFORE_A_HINT if self._idle else 0.0):
            self.clear()

    def clear(self) -> None:
        self.text, self._until, self._yields = "", None, False
        self.suggest(self._idle)
