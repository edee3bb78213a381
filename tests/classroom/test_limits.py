"""What a child that trains a submission again may use."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from rolltrain_tui.classroom import children
from rolltrain_tui.classroom.limits import MEMORY, Limits, limits_for


def test_a_submission_may_take_ten_times_what_the_assignment_takes() -> None:
    """And a minute more for starting up, of the processor and by the clock alike."""
    assert limits_for(30.0, 200.0) == Limits(360.0, 2060.0, MEMORY)
    assert limits_for(0.0, 0.0) == Limits(60.0, 60.0)


@pytest.mark.parametrize("error", [subprocess.TimeoutExpired("child", 1), KeyboardInterrupt()])
def test_a_child_without_a_nursery_is_ended_by_whatever_ends_the_wait_for_it(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its time is over, which is told, or the grading is interrupted, which goes on up."""

    class Child:
        ended = awaited = False

        def __init__(self, *args: Any, **more: Any) -> None:
            pass

        def wait(self, timeout: float | None = None) -> None:
            if not self.ended:
                assert timeout is not None, "it would wait for ever"
                raise error
            Child.awaited = True

        def kill(self) -> None:
            self.ended = True

    monkeypatch.setattr(subprocess, "Popen", Child)
    if isinstance(error, subprocess.TimeoutExpired):
        assert children._alone(tmp_path, Limits(1, 1), "") is None
    else:
        with pytest.raises(KeyboardInterrupt):
            children._alone(tmp_path, Limits(1, 1), "")
    assert Child.awaited
