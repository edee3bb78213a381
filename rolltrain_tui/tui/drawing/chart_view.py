"""What the player looks at in the full chart: cursor, window, series and scale. Every key gives a new view; none is ever out of range."""

from dataclasses import dataclass, replace
from typing import Self

NARROWEST = 10
"""Turns that a window shows at least."""


@dataclass(frozen=True, slots=True)
class ChartView:
    """`cursor` None: it stays at the newest turn. `window` None: the whole run."""

    cursor: int | None = None
    window: tuple[int, int] | None = None
    series: int = 0
    log: bool = False
    fit: bool = True
    """The frame fits the data; else the limit is in it too."""
    ghost: bool = True
    others: bool = False

    def span(self, newest: int) -> tuple[int, int]:
        """The first and the last turn shown."""
        return self.window or (0, max(NARROWEST, newest))

    def at(self, newest: int) -> int:
        """The cursor's turn."""
        return newest if self.cursor is None else max(0, min(self.cursor, newest))

    def moved_to(self, turn: int, newest: int) -> Self:
        """The cursor on this turn; the window follows it. At the newest turn it follows the run."""
        turn = max(0, min(turn, newest))
        view = replace(self, cursor=None if turn == newest else turn)
        first, last = view.span(newest)
        by = min(0, turn - first) + max(0, turn - last)
        return view.panned(by, newest) if by else view

    def moved(self, by: int, newest: int) -> Self:
        return self.moved_to(self.at(newest) + by, newest)

    def zoomed(self, closer: bool, newest: int) -> Self:
        """Half or twice as many turns, around the cursor; the whole run where they would be more."""
        first, last = self.span(newest)
        turns, cursor = last - first, self.at(newest)
        wanted = max(NARROWEST, turns // 2) if closer else turns * 2
        if wanted >= max(NARROWEST, newest):
            return replace(self, window=None)
        share = (cursor - first) / turns if turns else 0.5
        start = round(cursor - max(0.0, min(1.0, share)) * wanted)
        return replace(self, window=_inside(start, wanted, newest))

    def panned(self, by: int, newest: int) -> Self:
        """The window moved by `by` turns, as far as the run reaches."""
        if self.window is None:
            return self
        first, last = self.window
        return replace(self, window=_inside(first + by, last - first, newest))


def _inside(first: int, turns: int, newest: int) -> tuple[int, int]:
    first = max(0, min(first, newest - turns))
    return first, first + turns
