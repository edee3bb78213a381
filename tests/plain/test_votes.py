"""A room votes by typed lines."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from support.paths import CAMPAIGNS

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.plain.run import PlainSession
from rolltrain_tui.plain.views import PlainView, SafeStream
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs.run import Run


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["vote"], "1 Rage; 2 Reckless Attack; 3 No ability. Type the hands for each in order: `vote 0 0 0`."),
        (["vote 1 12, 0"], "The room chose Reckless Attack, with 12 of 13 votes."),
        (["vote 1 2"], "There are 3 options, and 2 numbers"),
        (["vote many"], "How many hands for each option?"),
        (["vote prediction"], "two must have been"),
        (["vote 0 0 0"], "Nobody voted: nothing happens."),
        (["vote 0 5 0"], "The room chose Reckless Attack. Which ability at the next turn? Rage: 0; Reckless Attack: 5; No ability: 0."),
    ],
)
def test_a_typed_vote_is_answered_and_played(
    lines: list[str], told: str, tiny_config: Callable[..., CampaignConfig], tmp_path: Path
) -> None:
    run, out = Run.begin(tiny_config("turns=4", "evaluation.every=4"), base=CAMPAIGNS, runs=tmp_path), io.StringIO()
    inbox = Inbox()
    session = PlainSession(run, inbox, PlainView(SafeStream(out)), SafeStream(out))
    typed = iter(lines)

    def type_next() -> None:
        if session.scene.campaign and (line := next(typed, None)):
            session.hear(line)

    inbox.turn_over = type_next
    session.play()
    assert told in out.getvalue()


def test_before_the_campaign_nobody_is_asked(tiny_config: Callable[..., CampaignConfig], tmp_path: Path) -> None:
    """A vote that is typed too early is told so; and a single turn is one turn."""
    run, out = Run.begin(tiny_config(), base=CAMPAIGNS, runs=tmp_path), io.StringIO()
    session = PlainSession(run, Inbox(), PlainView(SafeStream(out)), SafeStream(out))
    for line in ("vote", "vote prediction", "speed 1"):
        session.hear(line)
    assert 2 == out.getvalue().count("The campaign has not begun yet.")
    assert "At most 1 turn a second." in out.getvalue()
