"""The reel: a recording played as if it happened now. It is a PlayableRun, and trains nothing."""

from collections.abc import Iterator
from pathlib import Path

from rolltrain_tui.protocol.events import Event
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs.log.recording import Recording, campaign_of
from rolltrain_tui.runs.playable import Sought

TEMPI = (1, 2, 4, 8, 16, 32, 64)
"""1x is one turn a second: a chronicle does not tell how fast the run was played."""
FIRST_TEMPO = 8


class ReplayInbox(Inbox):
    """The tempo of a replay, and the turn the viewer wants to see next. Commands put into it reach nobody."""

    def __init__(self, start: int | None = None) -> None:
        super().__init__()
        self._wanted = start

    def seek(self, turn: int) -> None:
        """Go to the moment when `turn` was done; also while paused."""
        with self._changed:
            self._wanted = turn
            self._next_turn_at = 0.0
            if self._paused:
                self._single_steps += 1
            self._changed.notify_all()

    def pause(self) -> None:
        """What was sought before is still shown."""
        with self._changed:
            super().pause()
            self._single_steps += self._wanted is not None

    def wanted(self) -> int | None:
        """The turn that was asked for last, once."""
        with self._changed:
            turn, self._wanted = self._wanted, None
            return turn


class ReplaySource:
    """A run that plays a recording. At its end it waits, because the viewer may go back."""

    config = None
    """No rule of the campaign pauses a replay."""
    learner = None
    story: tuple[Event, ...] = ()

    def __init__(self, run: Path | Recording) -> None:
        """`run` is a run folder or a chronicle, or what was read of it. ValueError when it cannot be read."""
        self.recording = run if isinstance(run, Recording) else Recording(run)
        self.folder = self.recording.path.parent
        self.note = self.recording.note
        self.campaign = campaign_of(self.folder)

    def play(self, inbox: Inbox) -> Iterator[Event | Sought]:
        """Turn after turn at the inbox's tempo, from wherever its seeks lead."""
        assert isinstance(inbox, ReplayInbox)
        turns = self.recording.turns()
        yield from next(turns)  # the beginning is there before the first wait
        while inbox.wait_for_turn():
            wanted = inbox.wanted()
            if wanted is not None:
                scene, place = self.recording.at(wanted)
                turns = self.recording.turns(place)
                yield Sought(scene)
            elif happened := next(turns, None):
                yield from happened
            else:
                inbox.pause()
