"""Every call to the system that a run makes can fail, one after the other: training goes on, and what was saved stays saved."""

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from support.paths import CAMPAIGNS

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.protocol.events import CampaignEnded, Event, Saved, SaveFailed
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs import saves
from rolltrain_tui.runs.run import Run
from rolltrain_tui.runs.saves.tensors import pack

pytestmark = pytest.mark.slow

CALLS = ("open", "write", "fsync", "rename", "replace", "mkdir", "unlink", "rmdir")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES)
SETTINGS = ("turns=6", "save={autosave_every: 2, keep: 9}", "evaluation={every: 6, sequences: 2, final_sequences: 2}", "speech.every=0")
Configure = Callable[..., CampaignConfig]


@contextmanager
def failing(number: int, code: int) -> Iterator[list[str]]:
    """The number-th call fails, a write after half of its data; yields the calls that were made."""
    made: list[str] = []
    real = {name: getattr(os, name) for name in CALLS}
    real["fsync"] = lambda fd: None  # for speed; the order of the syncs is another test's

    def wrap(name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            made.append(name)
            if len(made) == number:
                if name == "write":
                    real["write"](arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                raise OSError(code, os.strerror(code))
            return real[name](*arguments, **options)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, wrap(name))
        yield made


def digest(snapshot: saves.Snapshot) -> str:
    return hashlib.sha256(pack(snapshot.tensors)).hexdigest()


def kept(events: list[Event]) -> int:
    return sum(isinstance(event, Saved) for event in events)


def play(run: Path) -> list[Event]:
    return list(Run.resume(run).play(Inbox()))


def test_no_call_that_fails_costs_a_save(
    tiny_config: Configure, tmp_path: Path, count: Callable[[int, int], int], tally: Callable[[str], None]
) -> None:
    """Fail the n-th open, write, fsync, rename, mkdir or unlink of a whole sitting, with each error, for every n."""
    stride = count(41, 1)
    first = Run.begin(tiny_config(*SETTINGS), base=CAMPAIGNS, runs=tmp_path / "runs").folder
    straight = tmp_path / "runs" / "straight"
    shutil.copytree(first, straight)
    with failing(0, 0) as made:
        whole = play(straight)
    total = len(made)
    good = {slot.summary.turn: digest(saves.read(slot.folder)) for slot in saves.describe(straight).slots if slot.summary}
    tried, refused, told = 0, 0, 0
    for number in range(1, total + 1, stride):
        for code in ERRORS:
            run = tmp_path / "runs" / "try"
            shutil.copytree(first, run)
            tried += 1
            events: list[Event] = []
            with failing(number, code), suppress(OSError, ValueError):  # where not even the run can be opened
                events = play(run)
            failed = any(isinstance(event, SaveFailed) for event in events)
            refused, told = refused + (not events), told + failed
            assert not events or any(isinstance(event, CampaignEnded) for event in events)
            assert not events or failed or kept(events) == kept(whole)
            left = saves.read(run)
            assert left.note == ""
            assert digest(left) == good[left.summary.turn], (number, code)
            if left.summary.turn < 6:
                play(run)
            assert digest(saves.read(run)) == good[6]
            shutil.rmtree(run)
    words = f"{told} told as not saved, {refused} runs not opened, no save lost"
    tally(f"2. failing calls: {tried} tries over {total} calls x {len(ERRORS)} errors; {words}")
