"""Work for the arena's screens in a thread of its own: it fills a buffer, the screen empties it on a timer, no widget is touched."""

import threading
from collections import deque
from collections.abc import Callable, Iterator

Stopped = Callable[[], bool]


class Errand:
    """Runs `work(stopped)` to its end and keeps what it yields. `error` tells what went wrong, in words."""

    def __init__(self, work: Callable[[Stopped], Iterator[object]]) -> None:
        self._work = work
        self._found: deque[object] = deque()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="arena", daemon=True)
        self.error = ""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask for an end at the next step."""
        self._stop.set()

    def join(self, seconds: float) -> None:
        if self._thread.is_alive():
            self._thread.join(seconds)

    @property
    def under_way(self) -> bool:
        return self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def wait(self, seconds: float) -> None:
        """For the work: pause, but not when an end is asked for."""
        self._stop.wait(seconds)

    def take(self) -> list[object]:
        """What was found since the last call."""
        return [self._found.popleft() for _ in range(len(self._found))]

    def _run(self) -> None:
        try:
            for found in self._work(self._stop.is_set):
                self._found.append(found)
        except (ValueError, OSError) as error:
            self.error = str(error)
        except Exception as error:  # our own mistake: told, and the game lives
            self.error = f"{type(error).__name__}: {error}"
