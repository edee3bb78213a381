"""Runs that the first rank's player chooses: what the ranks say to each other between runs, told by threads instead of processes."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.patience import PATIENCE

pytest.importorskip("torch.distributed")

from rolltrain_tui.cluster import choices
from rolltrain_tui.cluster.boundary import FollowersInbox, LeadersInbox
from rolltrain_tui.cluster.choices import Leader, follow
from rolltrain_tui.cluster.gang import Gang, RankLostError, RanksError
from rolltrain_tui.cluster.runs import Follower, LeadingRun
from rolltrain_tui.protocol.inbox import Inbox


class Talk:
    """What two ranks agree on."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(2, timeout=PATIENCE)
        self.said: list[Any] = [0, 0]


class InThread(Gang):
    """One of two ranks, in a thread."""

    def __init__(self, rank: int, talk: Talk) -> None:
        self.rank, self.size, self.shards, self._talk = rank, 2, False, talk

    def _agree(self, mine: Any) -> list[Any]:
        try:
            self._talk.barrier.wait()
            self._talk.said[self.rank] = mine
            self._talk.barrier.wait()
            said = list(self._talk.said)
            self._talk.barrier.wait()
        except threading.BrokenBarrierError:
            raise RankLostError("gone") from None
        return said

    def highest(self, number: int) -> int:
        return max(self._agree(number))

    def tell(self, data: bytes, length: int | None = None) -> bytes:
        told: bytes = self._agree(data)[0]
        return told


class Table:
    """A leader in this thread, and one that follows it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.talk, self.played = Talk(), list[str]()
        monkeypatch.setattr(choices, "HEARTBEAT", 0.01)
        monkeypatch.setattr(choices, "_opened", self._opened)
        monkeypatch.setattr(choices, "part", lambda *, failed: self.talk.barrier.abort())
        self.gang = InThread(1, self.talk)
        self.inbox = FollowersInbox(self.gang)
        self.leader = Leader(InThread(0, self.talk), folder)
        self.code = 0
        self.follower = ThreadPoolExecutor().submit(follow, self.gang, folder, self.inbox, lambda: self.code)

    def _opened(self, gang: Gang, wish: dict[str, Any], runs: Path) -> Any:
        """A run of one turn, in which the ranks agree on one number."""
        if wish.get("overrides") == ["bad"]:
            raise RanksError("rank 1: no such thing")
        if gang.rank == 0:
            run = LeadingRun.__new__(LeadingRun)
            run.campaign = SimpleNamespace(failure=None)  # type: ignore[assignment]
            return run
        return Follower(SimpleNamespace(play=lambda inbox: self._play(gang, wish), failure=None, learner=self), gang)  # type: ignore[arg-type]

    def _play(self, gang: Gang, wish: dict[str, Any]) -> list[Any]:
        gang.highest(0)
        self.played.append(Path(wish.get("campaign") or wish["save"]).name)
        return []

    def weights_sha256(self) -> str:
        return ""

    def play(self, run: LeadingRun) -> None:
        self.leader._gang.highest(0)
        run.over()


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Table:
    return Table(tmp_path, monkeypatch)


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_one_run_after_another_is_opened_on_all_ranks(table: Table) -> None:
    """A run that cannot be is refused, and the next one begins; between two, the ranks wait; they leave with one code."""
    table.leader.start()
    table.play(table.leader.begin(Path("first.yaml"), ()))
    with pytest.raises(RanksError, match="no such thing"):
        table.leader.begin(Path("second.yaml"), ["bad"])
    time.sleep(0.05)
    table.play(table.leader.resume(Path("third"), ()))
    assert table.leader.leave(3) == 3
    assert table.follower.result(PATIENCE) == 3
    assert table.played == ["first.yaml", "third"]


def test_a_signal_to_another_rank_ends_the_game_on_all(table: Table) -> None:
    """The first one is told, leaves, and has the other's code."""
    asked = threading.Event()
    table.leader.on_stop = asked.set
    table.code = 143
    table.leader.start()
    table.inbox.stop()
    assert asked.wait(PATIENCE)
    with pytest.raises(RanksError, match="asked to end"):
        table.leader.begin(Path("late.yaml"), ())
    assert table.leader.leave(0) == 143
    assert table.follower.result(PATIENCE) == 143


def test_a_rank_that_is_lost_between_runs_is_told_once(table: Table) -> None:
    """Nothing can be begun afterwards, and leaving fails."""
    told: list[str] = []
    table.leader.on_loss = told.append
    table.leader.start()
    table.talk.barrier.abort()
    until(lambda: told)
    with pytest.raises(RanksError, match="start all ranks again"):
        table.leader.begin(Path("late.yaml"), ())
    assert table.leader.leave(0) == 1
    assert told == ["gone"]
    with pytest.raises(RankLostError):
        table.follower.result(PATIENCE)


def test_a_rank_that_is_lost_while_the_first_one_leaves_fails_the_job(table: Table) -> None:
    """With the first one's own code, or 1 where that was none."""
    table.talk.barrier.abort()
    assert table.leader.leave(0) == 1
    assert table.leader.leave(7) == 7
    with pytest.raises(RankLostError):
        table.follower.result(PATIENCE)


@pytest.mark.parametrize("failure", [RuntimeError("out of memory"), MemoryError()])
def test_a_run_whose_training_fails_leaves_no_rank_waiting(table: Table, failure: Exception) -> None:
    """The others may stand in the middle of a turn."""
    run = table.leader.begin(Path("first.yaml"), ())
    run.campaign.failure = failure
    run.over()
    assert table.leader.leave(0) == 1
    with pytest.raises(RankLostError):
        table.follower.result(PATIENCE)


def test_what_is_opened_travels_as_text(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are whole, for a rank in another folder."""
    sent: list[dict[str, Any]] = []
    tell = InThread.tell
    monkeypatch.setattr(
        InThread, "tell", lambda self, data, length=None: sent.append(data and json.loads(data)) or tell(self, data, length)
    )
    table.play(table.leader.begin(Path("first.yaml"), ("seed=3",)))
    table.leader.leave(0)
    assert {"campaign": str(Path("first.yaml").resolve()), "overrides": ["seed=3"]} in sent


@pytest.mark.parametrize("who", ["nobody", "the first", "the other"])
def test_scouts_are_called_off_by_any_rank_on_all_at_once(who: str) -> None:
    """A wish to leave inside of a turn is known to nobody until all ranks hear of it."""
    talk, player = Talk(), Inbox()
    leading, following = LeadersInbox(InThread(0, talk), player, lambda: 1), FollowersInbox(InThread(1, talk))
    if who != "nobody":
        (player if who == "the first" else following).stop()
    assert not leading.stopped
    assert not following.stopped
    with ThreadPoolExecutor() as other:
        heard = other.submit(following.hear)
        leading.hear()
        heard.result()
    assert leading.stopped == following.stopped == (who != "nobody")
