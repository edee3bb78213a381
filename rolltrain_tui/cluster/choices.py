"""Runs that the first rank's player chooses on the way: the others open the same, and play along.

Between two runs the ranks agree on one whole number a second, as they do between two turns (see `boundary`):

    STOP    the player has left, or a process was asked to end
    WAIT    nothing is chosen yet
    n > 0   n bytes of JSON follow, which say what to open
"""

import json
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rolltrain_tui.cluster.boundary import HEARTBEAT, STOP, WAIT, FollowersInbox
from rolltrain_tui.cluster.gang import Gang, RankLostError, RanksError, part
from rolltrain_tui.cluster.runs import Beginning, Follower, LeadingRun, Order, Resuming, agreed_order, opened
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.runs import ghosts
from rolltrain_tui.training.machine.ranks import ALONE, train_with


class Leader:
    """The first rank's side. One run at a time is open; while none is, a thread tells the others every second that this rank lives."""

    def __init__(self, gang: Gang, runs: Path) -> None:
        """`runs`: the folder for new runs. Call `begin` and `resume` from any thread but the screen's: they wait for the other ranks."""
        self.size = gang.size
        self.on_stop: Callable[[], None] = lambda: None
        """Called in a thread of its own, once another rank was asked to end."""
        self.on_loss: Callable[[str], None] = lambda words: None
        """Called in that thread, with a sentence, once another rank has ended where no run is open. A run tells of it by itself."""
        self._gang, self._runs = gang, runs
        self._floor = threading.Lock()
        """Whoever holds it speaks to the other ranks."""
        self._stopped = False
        """STOP is agreed on."""
        self._lost = ""
        """Why the other ranks are not to be spoken to any more."""
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat between runs", daemon=True)
        train_with(ALONE)  # whatever the player trains besides, he trains in this process

    def start(self) -> None:
        """Begin to tell that this rank lives."""
        self._thread.start()

    def begin(self, campaign: Path, overrides: Sequence[str]) -> LeadingRun:
        """A new run on all ranks. RanksError says in words why there can be none."""
        return self._open({"campaign": str(campaign.resolve()), "overrides": list(overrides)})

    def resume(self, save: Path, overrides: Sequence[str]) -> LeadingRun:
        """Go on from a save on all ranks. RanksError says in words why they cannot."""
        return self._open({"save": str(save.resolve()), "overrides": list(overrides)})

    def leave(self, code: int) -> int:
        """Part from the other ranks, when no run is open any more. The exit code of all: the highest, given each one's own."""
        self._left.set()
        with self._floor:
            if self._lost:
                return code or 1
            try:
                if not self._stopped:
                    self._gang.highest(STOP)
                return self._gang.highest(code)
            except RankLostError as error:
                self._lose(str(error))
                return code or 1

    def _open(self, wish: dict[str, Any]) -> LeadingRun:
        self._floor.acquire()
        train_with(self._gang)
        try:
            if self._lost:
                raise RanksError(f"{self._lost}. Leave, and start all ranks again.")
            order = json.dumps(wish).encode()
            if self._stopped or self._gang.highest(len(order)) == STOP:
                self._stopped = True
                raise RanksError("a rank was asked to end, so nothing is begun any more")
            self._gang.tell(order, len(order))
            run = _opened(self._gang, wish, self._runs)
        except BaseException as error:
            if not isinstance(error, RanksError):
                self._lose(str(error))
            self._give_floor_back()
            raise
        assert isinstance(run, LeadingRun)
        run.over = lambda: self._over(run)
        return run

    def _over(self, run: LeadingRun) -> None:
        if run.campaign.failure is not None:
            self._lose(str(run.campaign.failure))
        self._give_floor_back()

    def _give_floor_back(self) -> None:
        train_with(ALONE)
        self._floor.release()

    def _lose(self, why: str) -> None:
        """The others may wait in the middle of a turn: when this rank leaves them, they know."""
        self._lost = why or "this rank has failed"
        with suppress(RuntimeError):
            part(failed=True)

    def _beat(self) -> None:
        while not self._left.wait(HEARTBEAT):
            with self._floor:
                if self._lost or self._left.is_set():
                    return
                try:
                    self._stopped = self._stopped or self._gang.highest(WAIT) == STOP
                except RankLostError as error:
                    self._lose(str(error))
            if self._lost:
                self.on_loss(self._lost)
            if self._stopped:
                self.on_stop()
                return


def follow(gang: Gang, runs: Path, inbox: FollowersInbox, code: Callable[[], int]) -> int:
    """Any other rank's side: play along until the first one leaves. The exit code of all, given this one's own.

    `inbox`: its `stop` asks all ranks to end.
    """
    while (word := gang.highest(STOP if inbox.asked else 0)) != STOP:
        if word == WAIT:
            continue
        wish = json.loads(gang.tell(b"", word))
        with suppress(RanksError):  # the first rank tells its player
            run = _opened(gang, wish, runs)
            assert isinstance(run, Follower)
            inbox.open_again()
            run.play(inbox)
    return gang.highest(code())


def _opened(gang: Gang, wish: dict[str, Any], runs: Path) -> LeadingRun | Follower:
    return opened(gang, agreed_order(gang, lambda: _order(wish, runs)))


def _order(wish: dict[str, Any], runs: Path) -> Order:
    if "save" in wish:
        return Resuming(path=Path(wish["save"]), runs=runs, overrides=tuple(wish["overrides"]))
    path = Path(wish["campaign"])
    config, base = campaign_file.load_with_base(path, wish["overrides"])
    return Beginning(config=config, base=base.resolve(), runs=runs, ghost_files=ghosts.places(path))
