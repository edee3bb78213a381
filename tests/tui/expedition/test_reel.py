"""The tempo of a replay."""

from rolltrain_tui.tui.expedition.reel import ReplayInbox


def test_a_pause_does_not_lose_what_was_sought_before() -> None:
    """Whether the viewer pauses or the end of the recording does, the reel still has a step for looking where to go."""
    inbox = ReplayInbox()
    inbox.seek(7)
    inbox.pause()
    assert inbox._single_steps == 1
    assert inbox.wanted() == 7
    inbox.pause()
    assert inbox._single_steps == 0
