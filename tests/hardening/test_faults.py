"""Faults from outside: a learner that raises or hangs, a folder that vanishes or is read-only, a disk that is full."""

import ctypes
import errno
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.paths import CAMPAIGNS
from support.patience import PATIENCE
from support.screens_host import until
from support.shell import Answer

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.plain.run import PlainOptions, play
from rolltrain_tui.protocol.effects import StepEffect
from rolltrain_tui.protocol.events import CampaignEnded, Event, Saved, SaveFailed, StepTaken, TrainingFailed
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.learner import StepReport
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.log.event_log import story_sha256
from rolltrain_tui.runs.run import Run
from rolltrain_tui.tui.app import RolltrainApp
from rolltrain_tui.tui.expedition.expedition import ExpeditionScreen
from rolltrain_tui.tui.launch import Launch
from rolltrain_tui.tui.screens.kinds.base import HelpScreen

pytestmark = pytest.mark.slow

Begin = Callable[[str], Run]


@pytest.fixture
def begin(tiny_config: Callable[..., CampaignConfig], tmp_path: Path) -> Begin:
    return lambda name: Run.begin(tiny_config("encounters.chance=0.5"), base=CAMPAIGNS, runs=tmp_path / name)


def fingerprint(expedition: Run) -> tuple[str, str]:
    return expedition.campaign.learner.weights_sha256(), story_sha256(expedition.folder / "chronicle.jsonl")


def at_turn(expedition: Run, turn: int, act: Callable[[], object]) -> None:
    """Do something in the middle of a turn, before the step."""
    campaign, step = expedition.campaign, expedition.campaign.learner.step

    def disturbed(effect: StepEffect) -> StepReport:
        if campaign.turn + 1 == turn:
            act()
        return step(effect)

    campaign.learner.step = disturbed  # type: ignore[method-assign]


@pytest.mark.parametrize("error", [RuntimeError("x\x1b[2J"), RecursionError()])
def test_a_learner_that_raises(begin: Begin, error: Exception) -> None:
    """The event says what it was, the save is intact, and the run goes on from it to the same end as if nothing had happened."""

    def fail() -> None:
        raise error

    straight = begin("straight")
    list(straight.play(Inbox()))
    broken = begin("broken")
    at_turn(broken, 8, fail)
    events = list(broken.play(Inbox()))
    assert events[-1] == TrainingFailed(8, f"{type(error).__name__}: {error}")
    assert type(error).__name__ in (broken.folder / "error.log").read_text()
    again = Run.resume(broken.folder)
    assert (again.campaign.turn, again.note) == (6, "")
    list(again.play(Inbox()))
    assert fingerprint(again) == fingerprint(straight)


def test_a_folder_that_vanishes(begin: Begin) -> None:
    """Removed while it is played, the run is whole again with its next save: campaign, story and state."""
    straight, gone = begin("straight"), begin("gone")
    list(straight.play(Inbox()))
    at_turn(gone, 5, lambda: shutil.rmtree(gone.folder))
    events = list(gone.play(Inbox()))
    assert isinstance(events[-2], CampaignEnded)
    assert fingerprint(gone) == fingerprint(straight)
    assert saves.describe(gone.folder).chronicle_damage == ""
    again = Run.resume(gone.folder)
    assert again.campaign.turn == 12
    assert again.note.startswith("This run has ended.")


def test_a_chronicle_that_is_removed(begin: Begin) -> None:
    """Only the chronicle: it gets its name back with everything that was in it."""
    straight, gone = begin("straight"), begin("gone")
    list(straight.play(Inbox()))
    at_turn(gone, 7, (gone.folder / "chronicle.jsonl").unlink)
    list(gone.play(Inbox()))
    assert fingerprint(gone) == fingerprint(straight)


@pytest.mark.parametrize("verb", ["train", "branch", "new", "class new"])
def test_what_a_full_disk_begins_is_taken_away(
    verb: str, begin: Begin, call: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No half of a run or of a file is left, and the answer says what to do."""
    run, new = begin("run"), tmp_path / "new"
    list(run.play(Inbox()))
    there = sorted(tmp_path.rglob("*"))

    def no_room(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", no_room)
    monkeypatch.setattr(Path, "write_text", no_room)
    monkeypatch.setattr("shutil.copyfile", no_room)
    words: dict[str, tuple[object, ...]] = {
        "train": ("train", "tutorial", "--out", run.folder.parent),
        "branch": ("branch", run.folder, "--at", 4),
        "new": ("new", "supervised", new),
        "class new": ("class", "new", "tutorial", new),
    }
    answer = call(*words[verb])
    assert (answer.code, answer.out) == (2, "")
    assert "No space left on device; make room, or choose another disk" in answer.err
    assert sorted(tmp_path.rglob("*")) == there


def test_a_disk_that_is_full_for_a_while(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every save that fails is told, the training goes on, and when there is room again nothing is missing."""
    straight, full = begin("straight"), begin("full")
    list(straight.play(Inbox()))
    write = os.write

    def no_room(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    at_turn(full, 2, lambda: monkeypatch.setattr(os, "write", no_room))
    told: list[Event] = []
    for event in full.play(Inbox()):
        told.append(event)
        if isinstance(event, StepTaken) and event.turn == 8:
            monkeypatch.setattr(os, "write", write)
    assert [event.turn for event in told if isinstance(event, SaveFailed)] == [3, 5, 6]
    assert [event.turn for event in told if isinstance(event, Saved)] == [9, 10, 12]
    assert fingerprint(full) == fingerprint(straight)


@contextmanager
def mortal() -> Iterator[None]:
    """Root without the powers to read and write where nobody may; for this thread alone. Whoever is not root is mortal already."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3 of capget(2), this thread
    powers = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable, twice
    assert libc.capget(header, powers) == 0
    before = powers[0]
    powers[0] = before & ~0b1110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
    assert libc.capset(header, powers) == 0
    try:
        yield
    finally:
        powers[0] = before
        libc.capset(header, powers)


@pytest.mark.skipif(sys.platform != "linux", reason="takes away root's powers by Linux capabilities")
def test_a_folder_that_becomes_read_only(begin: Begin) -> None:
    """Each save that fails is told with its reason, the training goes on to its end, and the save from before is what is left."""
    closed = begin("closed")
    folder = closed.folder / "saves"
    at_turn(closed, 5, lambda: folder.chmod(0o555))
    with mortal():
        events = list(closed.play(Inbox()))
    told = [event for event in events if isinstance(event, SaveFailed)]
    assert [event.turn for event in told] == [5, 6, 9, 10, 12]
    assert all("Permission denied" in event.error for event in told)
    assert isinstance(events[-2], CampaignEnded)
    left = saves.read(closed.folder)
    assert (left.summary.turn, left.note) == (3, "")
    folder.chmod(0o755)
    straight, again = begin("straight"), Run.resume(closed.folder)
    for expedition in (straight, again):
        list(expedition.play(Inbox()))
    assert fingerprint(again) == fingerprint(straight)


@contextmanager
def held(lock: Path) -> Iterator[None]:
    """As another player of the run holds it."""
    import fcntl

    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.mark.skipif(sys.platform != "linux", reason="takes away root's powers by Linux capabilities")
def test_a_read_only_run(begin: Begin, call: Callable[..., Answer], tmp_path: Path) -> None:
    """It is refused in words where something would be written, can be looked at in every way, and exported unless it is being played."""
    run = begin("run")
    list(run.play(Inbox()))
    folder = run.folder
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder.parent.chmod(0o555)
    with mortal():
        for words in (("train", "--resume", folder), ("train", "tutorial", "--out", folder.parent), ("saves", "delete", folder, "--yes")):
            answer = call(*words)
            assert answer.code == 2
            assert "Permission denied" in answer.err
        for words in (("saves", "show", folder), ("verify", folder), ("diagnose", folder), ("diff", folder, folder)):
            assert call(*words).code == 0
        with held(folder / "lock"):
            answer = call("saves", "export", folder, tmp_path / "refused.zip")
            assert (answer.code, "is being played by another" in answer.err) == (2, True)
        assert call("saves", "export", folder, tmp_path / "first.zip").code == 0
    folder.chmod(0o755)
    (folder / "lock").unlink()
    folder.chmod(0o555)
    with mortal():
        assert call("saves", "export", folder, tmp_path / "second.zip").code == 0
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()
    assert not (folder / "lock").exists()
    folder.parent.chmod(0o755)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


class Ready:
    """An outfitter that hands out one expedition."""

    def __init__(self, expedition: Run) -> None:
        self.expedition = expedition

    def preload(self) -> str:
        return "ready"

    def begin(self, campaign: Path, overrides: object) -> Run:
        return self.expedition

    resume = begin

    def branch(self, run: Path, turn: int) -> Run:
        return self.expedition


async def test_a_learner_that_hangs(begin: Begin) -> None:
    """The screen lives on, leaving says that it waits, and Ctrl+Q leaves without waiting; the save is intact."""
    hanging, released = begin("hanging"), threading.Event()
    at_turn(hanging, 8, lambda: released.wait(PATIENCE))
    app = RolltrainApp(Launch(save=hanging.folder, runs=hanging.folder.parent, turns_per_second=0, explain=False), Ready(hanging))
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: isinstance(app.screen, ExpeditionScreen) and app.screen.scene.turn == 7)
            screen = app.screen
            assert isinstance(screen, ExpeditionScreen)
            await pilot.press("question_mark")
            await until(pilot, lambda: isinstance(app.screen, HelpScreen))
            await pilot.press("escape")
            await pilot.press("ctrl+q")
            await until(pilot, lambda: "Saving" in screen.notice)
            await pilot.press("ctrl+q")
            await until(pilot, lambda: app.return_code is not None)
        assert (app.return_code, app.impatient) == (1, True)
        assert saves.read(hanging.folder).summary.turn == 6
    finally:
        released.set()
        assert app.bridge is not None
        assert app.bridge.join(PATIENCE)


async def test_a_failure_is_told_on_the_screen(begin: Begin) -> None:
    """What broke is said in words that cannot harm the terminal, and how to go on."""

    def fail() -> None:
        raise RuntimeError("no memory\x1b[2J[/]")

    broken = begin("broken")
    at_turn(broken, 8, fail)
    app = RolltrainApp(Launch(save=broken.folder, runs=broken.folder.parent, turns_per_second=0, explain=False), Ready(broken))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.screen.query("#dialog-text"))
        text = str(app.screen.query_one("#dialog-text").render())
        assert "no memory␛[2J[/]" in text
        assert "The last save is intact" in text
    assert saves.read(broken.folder).summary.turn == 6


@pytest.mark.parametrize("turn", [2, 11, 12])
def test_a_disk_that_stays_full_is_told_and_the_run_ends_well(begin: Begin, monkeypatch: pytest.MonkeyPatch, turn: int) -> None:
    """The last event says what could not be written, nothing is raised, and the run opens again where its last save stands."""
    full = begin("full")

    def no_room(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    at_turn(full, turn, lambda: monkeypatch.setattr(os, "write", no_room))
    told = list(full.play(Inbox()))
    assert isinstance(told[-1], SaveFailed)
    assert (12, "No space left on device; the end of the story is lost") == (told[-1].turn, told[-1].error)
    assert [12] == [event.turn for event in told if isinstance(event, CampaignEnded)]
    monkeypatch.undo()
    assert Run.resume(full.folder).campaign.turn < turn


def test_the_object_of_a_run_on_a_full_disk_says_that_nothing_was_saved(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1, and the result with save: null."""
    full = begin("full")

    def no_room(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    at_turn(full, 2, lambda: monkeypatch.setattr(os, "write", no_room))
    code, result = play(full, PlainOptions(as_json=True))
    assert (1, 12, None) == (code, result["turns"], result["save"])


def test_settings_that_cannot_be_written_are_told(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that the chronicle does not take is refused with the reason."""
    full = begin("full")
    inbox = Inbox()
    for event in full.play(inbox):
        if isinstance(event, StepTaken) and event.turn == 3:
            inbox.stop()

    def no_room(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    again = Run.resume(full.folder)
    monkeypatch.setattr(os, "write", no_room)
    with pytest.raises(saves.SaveError, match="No space left on device"):
        again.change([("turns", "12", "14")])
