"""The share of the time that drawing may take."""

import time

import pytest

from rolltrain_tui.tui.threads.share import SHORTEST, Share


def test_the_first_piece_is_due() -> None:
    """Nothing was drawn yet."""
    assert Share(5.0).wait(0.1) <= 0


def test_work_makes_the_next_piece_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """So long that the work is within the share, the shortest wait at least and the longest at most."""
    computed = 1.0
    monkeypatch.setattr(time, "monotonic", lambda: 7.0)  # a busy machine would take the whole wait for itself
    monkeypatch.setattr(time, "thread_time", lambda: computed)
    share = Share(5.0)
    share.begin()
    assert share.wait(0.5) == pytest.approx(SHORTEST)
    computed += 0.05
    assert share.wait(0.1) == pytest.approx(0.5)
    assert share.wait(0.0001) == pytest.approx(5.0)


def test_sleep_is_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only this thread's CPU counts."""
    now = 7.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(time, "thread_time", lambda: 1.0)
    share = Share(5.0)
    share.begin()
    now += SHORTEST * 1.5
    assert share.wait(0.5) <= 0
