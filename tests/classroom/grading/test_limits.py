"""What a child that trains a submission again may use."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rolltrain_tui.classroom.assignments.assignment import Assignment
from rolltrain_tui.classroom.grading import children, examiner
from rolltrain_tui.classroom.grading.limits import MEMORY, Limits, limits_for
from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.modes.text.learner import TextLearner


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


@pytest.mark.parametrize(
    ("complaints", "reason"),
    [
        ("", "cannot be trained again: the child ended with code 1"),
        ("a warning\nValueError: no such model\n", "cannot be trained again: ValueError: no such model."),
        ("MemoryError: \nFatal error: cannot unwind", "more than 2 GB of memory"),
        ("memory allocation of 8720 bytes failed\nskipping backtrace printing to avoid potential recursion", "more than 2 GB of memory"),
        ("RuntimeError: DefaultCPUAllocator: can't allocate memory\n\nabandoned", "more than 2 GB of memory"),
    ],
)
def test_a_child_that_ran_out_of_memory_is_told_by_whatever_line_says_so(
    complaints: str, reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Libraries go on complaining after it; else the last line is the reason."""

    def ended(folder: Path, limits: Limits, more: str) -> int:
        (folder / examiner.COMPLAINT).write_text(complaints)
        return 1

    monkeypatch.setattr(children, "_alone", ended)
    monkeypatch.setattr(sys, "platform", "win32")
    asked = Assignment(1, "0", "5eed" * 8, "", (), None, ())
    found = children.Children(asked).examine(tmp_path, Limits(60, 60))
    assert found.outcome == "refused"
    assert reason in found.reason


def test_an_assignment_whose_training_fails_gives_no_limits(
    tiny_config: Callable[..., CampaignConfig], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What a failed training took says nothing of what a good one takes."""

    def fail(*words: object) -> None:
        raise RuntimeError("the forge went cold")

    (tmp_path / "campaign.yaml").write_text(campaign_file.dump(tiny_config()), encoding="utf-8")
    assert examiner.reference(tmp_path).seconds > 0
    monkeypatch.setattr(TextLearner, "step", fail)
    with pytest.raises(RuntimeError, match="the forge went cold"):
        examiner.reference(tmp_path)
