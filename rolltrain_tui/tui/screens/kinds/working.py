"""A screen with work in a thread: what it finds is taken on a timer, and it is stopped when the screen goes."""

from collections.abc import Callable, Iterator
from typing import ClassVar

from rolltrain_tui.base.safe_text import flat
from rolltrain_tui.tui.screens.kinds.base import TavernScreen
from rolltrain_tui.tui.screens.kinds.while_open import while_open
from rolltrain_tui.tui.threads.worker import Stopped, Worker
from rolltrain_tui.tui.widgets.story import StoryPanel

PATIENCE = 5.0
"""Seconds to wait until the work has stopped and has written what it keeps."""


class WorkingScreen(TavernScreen):
    """Has one StoryPanel. A screen writes `hear` and `draw`; after `start_work` they are called until the work is over."""

    DRAIN_SECONDS: ClassVar[float] = 0.1

    def __init__(self) -> None:
        super().__init__()
        self.worker: Worker | None = None
        """None: no work is under way."""

    def hear(self, found: object) -> None:
        """Take one result of the work."""
        raise NotImplementedError

    def draw(self) -> None:
        """Show what was heard."""
        raise NotImplementedError

    def work_over(self) -> None:
        """The work has ended, by itself or by an error that was told; everything has been heard."""

    @while_open
    def on_mount(self) -> None:
        self.set_interval(self.DRAIN_SECONDS, self._drain)

    @while_open
    def on_resize(self) -> None:
        self.call_after_refresh(self._redraw)

    @while_open
    def _redraw(self) -> None:
        self.draw()

    def on_unmount(self) -> None:
        self._settle()

    def start_work(self, work: Callable[[Stopped], Iterator[object]]) -> None:
        self.worker = Worker(work)
        self.worker.start()

    def tell(self, text: str) -> None:
        self.query_one(StoryPanel).tell(text)

    def action_leaf(self, by: int) -> None:
        self.query_one(StoryPanel).leaf(by)

    def action_back(self) -> None:
        self._settle()
        super().action_back()

    def _settle(self) -> None:
        if self.worker is not None:
            self.worker.stop_and_wait(PATIENCE)

    @while_open
    def _drain(self) -> None:
        if self.worker is None:
            return
        over = not self.worker.is_alive()
        found = self.worker.take()
        for one in found:
            self.hear(one)
        if over:
            error, self.worker = self.worker.error, None
            if error:
                self.tell(f"✖ {flat(error)}")
            self.work_over()
        if found or over:
            self.draw()
