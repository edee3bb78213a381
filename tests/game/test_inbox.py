"""The inbox between two turns: a key that the screen has yet to handle counts for the coming turn."""

import threading
import time
from collections.abc import Callable

import pytest

from rolltrain_tui.protocol.commands import Speak, UseAbility
from rolltrain_tui.protocol.inbox import LONGEST_HANDLING, Inbox


def test_a_turn_waits_for_a_key_that_the_screen_has_not_handled_yet() -> None:
    inbox = Inbox()
    inbox.expect()
    screen = threading.Timer(LONGEST_HANDLING / 5, inbox.put, (UseAbility("rage"),))
    inbox.turn_over = screen.start  # between two turns, before the wait
    assert inbox.wait_for_turn()
    assert inbox.drain(1) == [UseAbility("rage")]


def test_it_waits_no_longer_than_a_moment_and_only_once() -> None:
    """The screen may be busy, or the key may have been meant for nothing."""
    inbox = Inbox()
    inbox.expect()
    began = time.monotonic()
    assert inbox.wait_for_turn()
    assert LONGEST_HANDLING <= time.monotonic() - began
    began = time.monotonic()
    for _ in range(20):
        assert inbox.wait_for_turn()
    assert time.monotonic() - began < 20 * LONGEST_HANDLING
    assert inbox.drain(1) == []


@pytest.mark.parametrize("handle", [lambda inbox: inbox.put(Speak()), Inbox.settle], ids=["by a command", "by none"])
def test_a_handled_key_holds_nothing_up(handle: Callable[[Inbox], None]) -> None:
    inbox = Inbox()
    inbox.expect()
    handle(inbox)
    began = time.monotonic()
    for _ in range(20):
        assert inbox.wait_for_turn()
    assert time.monotonic() - began < 20 * LONGEST_HANDLING
