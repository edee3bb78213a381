"""The guard of the tests themselves: a test that fails before it stops its run slows no other."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from support.fakes import FakeExpedition, fake_config

from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs.playable import PlayableRun
from rolltrain_tui.tui.threads.bridge import Bridge


@pytest.fixture(scope="module")
def left() -> Iterator[list[Bridge]]:
    """Runs that this module's tests leave behind; torn down after the tests, so that it sees what is left of them."""
    bridges: list[Bridge] = []
    yield bridges
    assert bridges
    assert not any(bridge.playing for bridge in bridges)


@pytest.mark.parametrize("waits", [False, True])
def test_a_run_that_is_left_behind_is_stopped(left: list[Bridge], tmp_path: Path, waits: bool) -> None:
    """Whether it plays on or waits for a key."""
    inbox = Inbox()
    if waits:
        inbox.pause()
    bridge = Bridge(lambda: cast(PlayableRun, FakeExpedition(tmp_path, fake_config("turns=1000000"))), inbox)
    bridge.start()
    left.append(bridge)
    assert bridge.playing
