"""The bridge between the training thread, which plays the run, and the screen, whose timer takes the events.

The thread touches no widget. Its last message is always `Left`. An error comes before that, as an event or as `Failed`.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs.playable import PlayableRun, Sought
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scene.pauses import pause_reason
from rolltrain_tui.tui.buffer import EventBuffer
from rolltrain_tui.tui.messages import AutoPaused, Failed, Left, Message, Opened

if TYPE_CHECKING:
    pass

TAKEN_AT_ONCE = 4000  # folded in well under a UI tick


class Bridge:
    """One run, played from opening to leaving."""

    def __init__(self, open_run: Callable[[], PlayableRun], inbox: Inbox, ready: Callable[[PlayableRun], None] | None = None) -> None:
        """`open_run` and then `ready` are called in the thread, before the first turn."""
        self.inbox = inbox
        self.run: PlayableRun | None = None
        """Set before `Opened` is told."""
        self.scene = Scene()
        """The thread's until `Opened` is told (it folds the story so far), the reader's from then on."""
        self.buffer = EventBuffer()
        self.opened = False
        """The scene is the reader's now."""
        self._open, self._ready = open_run, ready
        self._thread = threading.Thread(target=self._thread_main, name="run", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Ask the run to save and stop. It does so between two micro-batches."""
        self.inbox.stop()

    def join(self, deadline: float) -> bool:
        """Wait up to `deadline` seconds for the thread. True: it is gone, and everything it had to save is saved."""
        self._thread.join(deadline)
        return not self._thread.is_alive()

    @property
    def playing(self) -> bool:
        return self._thread.is_alive()

    def take(self) -> list[Message]:
        """What has happened since the last call, oldest first; the rest next time when it is very much."""
        return self.buffer.take(TAKEN_AT_ONCE)

    def _thread_main(self) -> None:
        try:
            self._play()
        except ValueError as error:
            self.buffer.put(Failed(str(error), user_error=True))
        except BaseException as error:  # a thread must not die unheard
            self.buffer.put(Failed(f"{type(error).__name__}: {error}", user_error=False))
        finally:
            self.buffer.put(Left())

    def _play(self) -> None:
        run = self.run = self._open()
        if run.config is not None:
            self.scene.objective = run.config.objective  # shown before the first event tells it
        for event in run.story:
            self.scene.apply(event)
        if self._ready is not None:
            self._ready(run)
        self.buffer.put(Opened(run.note))
        self.opened = True
        pause_on = frozenset(run.config.pace.pause_on if run.config is not None else ())
        for happened in run.play(self.inbox):
            # A pause must be set before the generator is asked for the next turn, hence here and not on the screen's side.
            reason = None if isinstance(happened, Sought) else pause_reason(happened, pause_on)
            if reason is not None:
                self.inbox.pause()
            self.buffer.put(happened)
            if reason is not None and not isinstance(happened, Sought):
                self.buffer.put(AutoPaused(happened.turn, reason))
