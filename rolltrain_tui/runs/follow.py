"""A follower: a run that another process plays, told as it happens. It is a PlayableRun, and it writes nothing.

It reads on from where it was whenever the chronicle has changed. The last event that it knows is read again each time: where another one
stands in its place, the run was taken back to a save, and the follower begins anew.
"""

import math
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rolltrain_tui.protocol.events import CampaignBegan, CampaignEnded, Event, Secret
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs import layout
from rolltrain_tui.runs.log import event_log
from rolltrain_tui.runs.log.event_log import BEGINNING, ChronicleError, Place
from rolltrain_tui.runs.log.recording import campaign_of
from rolltrain_tui.runs.playable import Sought
from rolltrain_tui.runs.saves import SaveError, is_held, last_saved
from rolltrain_tui.story.scene import Scene

LOOKS = 10.0
"""Looks at the chronicle a second."""
SILENT_SECONDS = 2.0
"""Without a new event for so long, the follower asks whether somebody still plays."""
PATIENCE = 5
"""Looks at the same bad line before it counts as damaged: the writer may have been in the middle of it."""
State = Literal["awaited", "live", "left", "abandoned", "ended", "gone", "damaged"]


class FollowError(ValueError):
    """There is nothing to follow; the message is a sentence for the player."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with a run, and a sentence about it for whoever watches."""

    state: State
    words: str = ""

    @property
    def over(self) -> bool:
        """Nothing more will come, unless somebody goes on with the run."""
        return self.state not in ("awaited", "live")


AWAITED = Standing("awaited", "This run has not begun yet; it appears here with its first turn.")
LIVE = Standing("live")


class Followed:
    """Somebody else's run. `standing` is set by the thread that plays it; anybody may read it."""

    config = None
    """No rule of the campaign pauses who watches."""
    learner = None

    def __init__(self, path: Path, hidden: frozenset[Secret] = frozenset()) -> None:
        """`path` is a run folder, which may be empty still, or a chronicle. `hidden` is kept out of scenes that it folds. FollowError."""
        self.path = path if path.suffix == ".jsonl" else path / layout.CHRONICLE
        self.folder = self.path.parent
        if not self.folder.is_dir():
            raise FollowError(f"there is no run in {self.folder}; rolltrain saves list shows those there are")
        if path == self.folder and (path / layout.MANIFEST).exists():
            raise FollowError(f"{path} is a save; name the run folder that it is in")
        self.campaign = campaign_of(self.folder)
        self.standing = AWAITED
        self.note = ""
        self.turn = 0
        """The turn of the last event."""
        self._before, self._place = BEGINNING, BEGINNING
        """The places before and after the last event."""
        self._last: Event | None = None
        self._held: list[Event] = []
        """The events of a turn that is not over yet."""
        self._ended, self._hidden = False, hidden
        self._seen: tuple[int, ...] = ()
        self._heard_at = self._asked_at = -math.inf
        self._faults = 0

    @property
    def story(self) -> Iterator[Event]:
        """The events so far; `play` tells those that come after. FollowError where the chronicle cannot be read at all."""
        self._from_the_beginning()
        self._seen = self._mark()
        try:
            yield from self._read_on()
        except FileNotFoundError:
            return
        except ChronicleError as error:
            if self._last is None:
                raise FollowError(f"there is no story in {self.folder}: {error}") from None
        except OSError as error:
            raise FollowError(f"the chronicle {self.path} cannot be read: {error.strerror or error}") from None
        self._heard_at = -math.inf  # nobody knows how old the last of them is

    def play(self, inbox: Inbox) -> Iterator[Event | Sought]:
        """What happens in the run from now on, whole turns at a time; a turn that stands still half-way is told as far as it is."""
        inbox.set_speed(LOOKS)
        while inbox.wait_for_turn():
            fresh = self._look()
            if isinstance(fresh, Sought):
                yield fresh
                continue
            known, newest = [*self._held, *fresh], fresh[-1].turn if fresh else -1
            self._held = [event for event in known if event.turn == newest]
            yield from (event for event in known if event.turn != newest)

    def _look(self) -> "list[Event] | Sought":
        """The events since the last look; the whole scene anew where the run was taken back."""
        mark = self._mark()
        if mark == self._seen and not self._faults:
            self._ask_for_the_player()
            return []
        fresh: list[Event] = []
        try:
            if self._last is not None and self._taken_back():
                return self._begin_anew()
            for event in self._read_on():
                fresh.append(event)  # noqa: PERF402 - those before an error count
            self._faults = 0
        except ChronicleError as error:
            self._faults += 1
            if self._faults >= PATIENCE:
                self._faults = 0
                self.standing = Standing("damaged", f"The chronicle can be read up to turn {self.turn}: {error}.")
        except OSError:
            self._ask_for_the_player()
        self._seen = mark
        return fresh

    def _read_on(self) -> Iterator[Event]:
        for event, place in event_log.read_from(self.path, self._place):
            if self._last is None and not isinstance(event, CampaignBegan):
                raise ChronicleError(f"{self.path.name}: it does not begin with the beginning of a campaign")
            self._take(event, place)
            yield event

    def _take(self, event: Event, place: Place) -> None:
        if self._last is None:
            self.campaign = self.campaign or campaign_of(self.folder)
        self._before, self._place, self._last = self._place, place, event
        self._ended = (self._ended and event.turn <= self.turn) or isinstance(event, CampaignEnded)
        self.turn, self._heard_at = event.turn, time.monotonic()
        self.standing = Standing("ended", f"The run is over after turn {event.turn}.") if self._ended else LIVE

    def _taken_back(self) -> bool:
        """Whether another event, or none, stands where the last one stood."""
        with suppress(ChronicleError):  # the place is inside another line now
            known = next(event_log.read_from(self.path, self._before), None)
            return known is None or known[0] != self._last
        return True

    def _from_the_beginning(self) -> None:
        self._before = self._place = BEGINNING
        self._last, self._ended = None, False
        self._held.clear()

    def _begin_anew(self) -> Sought:
        self._from_the_beginning()
        scene = Scene.of(self._read_on(), self._hidden)
        self._seen = ()
        self.standing = Standing("live", f"The run was taken back to a save, and goes on from turn {scene.turn}.")
        return Sought(scene)

    def _mark(self) -> tuple[int, ...]:
        """Changes whenever the open volume does."""
        with suppress(OSError):
            seen = self.path.stat()
            return seen.st_ino, seen.st_size, seen.st_mtime_ns
        return ()

    def _ask_for_the_player(self) -> None:
        """Where it has been silent for a while: is anybody still there?"""
        now = time.monotonic()
        if self._ended or min(now - self._heard_at, now - self._asked_at) < SILENT_SECONDS:
            return
        self._asked_at = now
        if not self.path.exists():
            gone = Standing("gone", "The run's folder was removed; what is shown is the last that was read.")
            self.standing = AWAITED if self._last is None and self.folder.is_dir() else gone
        elif self.standing.state in ("live", "left", "abandoned") and self._last is not None:
            self.standing = LIVE if is_held(self.folder) else self._left()

    def _left(self) -> Standing:
        try:
            saved = last_saved(self.folder)
        except (SaveError, OSError):
            saved = None
        if saved is not None and saved.events >= self._place.number:
            return Standing("left", f"The player has left after turn {saved.turn}; the run is saved, and shows here when it goes on.")
        last = "There is no save of it" if saved is None else f"The last save is of turn {saved.turn}"
        return Standing("abandoned", f"The run stands still in turn {self.turn}: nobody plays it, and it did not end. {last}.")
