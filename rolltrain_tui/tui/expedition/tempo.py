"""How fast the run goes by the screen's clock, and the speeds a player can choose."""

from collections import deque

SPEEDS: tuple[float | None, ...] = (1, 2, 5, 10, 20, 50, None)
"""Turns a second; None is full speed."""
WINDOW_SECONDS, LONG_SECONDS = 2.0, 60.0


def faster(speed: float | None) -> float | None:
    """The next speed up."""
    return None if speed is None else next(step for step in SPEEDS if step is None or step > speed)


def slower(speed: float | None) -> float | None:
    """The next speed down; the slowest stays."""
    below = [step for step in SPEEDS if step is not None and (speed is None or step < speed)]
    return below[-1] if below else speed


class Speedometer:
    """Turns a second."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()
        self._wished: float | None = None

    def note(self, now: float, turn: int, wished: float | None = None, *, standing: bool = False) -> None:
        """`wished`: the speed that is asked for. `standing`: the run waits, for the player or for its scouts; that time does not count."""
        if standing or wished != self._wished or (self._marks and turn < self._marks[-1][1]):
            self._marks.clear()
        self._wished = wished
        if not standing:
            self._marks.append((now, turn))
        while len(self._marks) > 2 and now - self._marks[1][0] >= LONG_SECONDS:
            self._marks.popleft()

    @property
    def rate(self) -> float | None:
        """Over the last two seconds; None until there is something to measure."""
        since = next((mark for mark in reversed(self._marks) if self._marks[-1][0] - mark[0] >= WINDOW_SECONDS), None)
        return self._since(since)

    @property
    def steady(self) -> float | None:
        """Over the last minute: an evaluation, in which no turn ends, weighs as much in it as it does in the run."""
        return self._since(None)

    def _since(self, mark: tuple[float, int] | None) -> float | None:
        if len(self._marks) < 2:
            return None
        (start, first), (end, last) = mark or self._marks[0], self._marks[-1]
        return (last - first) / (end - start) if end - start > 0.3 else None
