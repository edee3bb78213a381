"""Holds back every frame while a screen opens, so that the first one shows it whole."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any

from textual.events import Resize
from textual.screen import Screen

ROUNDS = 3
"""A screen settles in rounds: classes for its size, then the widgets that come with them, then what is drawn into the new places."""
LONGEST_ROUND = 0.05
"""Seconds that a round waits for widgets to answer: one that goes away never does."""
LONGEST = 3.0
"""Seconds after which the curtain rises whatever happens."""


def _paint_nothing() -> None:
    """Takes the place of a screen's painting while the curtain is down."""


class Curtain:
    def __init__(self, screen: Screen[Any]) -> None:
        """Lower the curtain: the previous screen stays in sight, while the widgets of this one get their places and sizes."""
        self._screen = screen
        self._held = ExitStack()
        self._held.enter_context(screen.app.batch_update())
        screen.app.set_timer(LONGEST, self.rise)
        screen._compositor_refresh = _paint_nothing  # type: ignore[method-assign]  # Textual would render frames and then not show them
        self._up = False
        screen._layout_required = True
        self._lay_out()
        # Textual sends Resize, which sets the classes of that size, when a layout finds a new size. The layout above came before that.
        size = screen.app.size
        screen.post_message(Resize(size, size, size))

    def rise_when_settled(self, rounds: int = 0) -> None:
        """Raise the curtain after ROUNDS rounds of layout; `rounds` have passed so far."""
        if self._up:
            return
        self._lay_out()
        if rounds < ROUNDS:
            self._after_all(partial(self.rise_when_settled, rounds + 1))
        else:
            self.rise()

    def _after_all(self, then: Callable[[], None]) -> None:
        """Call `then` when each widget has handled the messages that wait for it."""
        waiting = {id(node): node for node in (self._screen, *self._screen.walk_children())}
        late = self._screen.app.set_timer(LONGEST_ROUND, lambda: answered(None))

        def answered(one: int | None) -> None:
            if one is None:
                waiting.clear()
            elif waiting.pop(one, None) is None or waiting:
                return
            late.stop()
            then()

        for one, node in list(waiting.items()):
            if not node.call_later(answered, one):
                self._screen.app.call_later(answered, one)

    def rise(self) -> None:
        """Show the screen as it is now; once it is up it stays up."""
        if not self._up:
            self._up = True
            self._lay_out()
            self._held.close()
            del self._screen._compositor_refresh  # the class's own again
            self._screen.refresh()
            self._screen._compositor.update_widgets({self._screen})  # what was painted behind the curtain counts for nothing

    def _lay_out(self) -> None:
        """Behind the curtain Textual lays out nothing by itself."""
        if self._screen.is_attached and self._screen._layout_required:
            self._screen._layout_required = False
            self._screen._refresh_layout(self._screen.app.size)
