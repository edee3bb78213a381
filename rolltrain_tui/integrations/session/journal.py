"""The chronicle beside a foreign loop. A disk that refuses it is told once, and never ends a training."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rolltrain_tui.protocol.events import Event
from rolltrain_tui.runs.layout import CHRONICLE
from rolltrain_tui.runs.log.event_log import Chronicle


class Journal:
    """Writes FOLDER/chronicle.jsonl, where it can."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / CHRONICLE
        self._chronicle: Chronicle | None = None
        self._warned = False
        with self._told():
            folder.mkdir(parents=True, exist_ok=True)
            self._chronicle = Chronicle(self.path)

    @property
    def events_written(self) -> int:
        return self._chronicle.events_written if self._chronicle is not None else 0

    def append(self, event: Event) -> None:
        if self._chronicle is not None:
            self._chronicle.append(event)

    def sync(self) -> None:
        with self._told():
            if self._chronicle is not None:
                self._chronicle.sync()

    def truncate_to(self, events: int) -> None:
        with self._told():
            if self._chronicle is not None:
                self._chronicle.truncate_to(events)

    def close(self) -> None:
        with self._told():
            if self._chronicle is not None:
                self._chronicle.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError) as error:
            if not self._warned:
                self._warned = True
                why = error.strerror if isinstance(error, OSError) else error
                warnings.warn(f"the story cannot be written to {self.path}: {why}; the training goes on", stacklevel=5)
