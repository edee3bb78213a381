"""The share of the time that drawing may take."""

import time

import pytest

from rolltrain_tui.tui.threads.share import SHORTEST, Share


def work(seconds: float) -> None:
    """Of this thread's CPU."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_the_first_piece_is_due() -> None:
    """Nothing was drawn yet."""
    assert Share(5.0).wait(0.1) <= 0


def test_work_makes_the_next_piece_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """So long that the work is within the share, the shortest wait at least and the longest at most."""
    monkeypatch.setattr(time, "monotonic", lambda: 7.0)  # a busy machine would take the whole wait for itself
    share = Share(5.0)
    share.begin()
    assert share.wait(0.5) == pytest.approx(SHORTEST)
    work(0.05)
    assert 0.5 <= share.wait(0.1) < 1.0
    assert share.wait(0.0001) == pytest.approx(5.0)


def test_sleep_is_not_work() -> None:
    """Only this thread's CPU counts."""
    share = Share(5.0)
    share.begin()
    time.sleep(SHORTEST * 1.5)
    assert share.wait(0.5) <= 0
