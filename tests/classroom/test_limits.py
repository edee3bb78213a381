"""What a child that trains a submission again may use."""

from rolltrain_tui.classroom.limits import MEMORY, Limits, limits_for


def test_a_submission_may_take_ten_times_what_the_assignment_takes() -> None:
    """And a minute more for starting up, of the processor and by the clock alike."""
    assert limits_for(30.0, 200.0) == Limits(360.0, 2060.0, MEMORY)
    assert limits_for(0.0, 0.0) == Limits(60.0, 60.0)
