"""A thread that works for a screen. It appends results to a buffer that the screen empties on a timer, and touches no widget."""

import threading
from collections import deque
from collections.abc import Callable, Iterator

from rolltrain_tui.base.blame import blame, told

Stopped = Callable[[], bool]


class Worker(threading.Thread):
    """Runs the iterator `work(stopped)` to its end and collects what it yields. `error` is a sentence if it failed."""

    def __init__(self, work: Callable[[Stopped], Iterator[object]]) -> None:
        super().__init__(name="work", daemon=True)
        self._work = work
        self._results: deque[object] = deque()
        self._stop_asked = threading.Event()
        self.error = ""

    def stop(self) -> None:
        """Ask the work to end at its next step."""
        self._stop_asked.set()

    def stop_and_wait(self, seconds: float) -> None:
        self.stop()
        if self.is_alive():
            self.join(seconds)

    def pause(self, seconds: float) -> None:
        """For the work: sleep, but wake up when it should stop."""
        self._stop_asked.wait(seconds)

    def take(self) -> list[object]:
        """The results since the last call."""
        return [self._results.popleft() for _ in range(len(self._results))]

    def run(self) -> None:
        try:
            for result in self._work(self._stop_asked.is_set):
                self._results.append(result)
        except (ValueError, OSError) as error:
            self.error = f"{blame(error)}{error}"
        except Exception as error:  # a bug: the screen shows it and the game goes on
            self.error = told(error)
