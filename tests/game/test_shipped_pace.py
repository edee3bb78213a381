"""What scouts say of the shipped campaigns, whose ailments are known."""

from pathlib import Path

import pytest
from support.paths import CAMPAIGNS

from rolltrain_tui.game.campaign import Campaign
from rolltrain_tui.modes import build as build_learner
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.protocol.commands import SendScouts
from rolltrain_tui.protocol.events import CommandRefused, ScoutsReturned
from rolltrain_tui.protocol.inbox import ScriptedInbox
from rolltrain_tui.protocol.readings import Pace
from rolltrain_tui.rules.health.pace import HOT, SLOW

pytestmark = pytest.mark.slow


def verdict(name: str, *overrides: str) -> ScoutsReturned:
    """Of the scouts that the player asks for in turn 50; nothing else is pressed."""
    config = load(CAMPAIGNS / f"{name}.yaml", ("camps.every=1000", "speech.every=0", "twin.mode=off", *overrides))
    for event in Campaign(config, build_learner(config, base=Path())).play(ScriptedInbox([(50, SendScouts())])):
        assert not isinstance(event, CommandRefused)
        if isinstance(event, ScoutsReturned):
            return event
    raise AssertionError("no scouts came back")


@pytest.mark.parametrize(("name", "paces"), [("frozen_north", ("slow",)), ("hot_forge", ("hot",)), ("tutorial", ("tuned", "unclear"))])
def test_a_sick_campaign_is_called_sick_soon_and_a_sound_one_is_not(
    request: pytest.FixtureRequest, name: str, paces: tuple[Pace, ...]
) -> None:
    """The rate of one is a tenth of the right one, that of another ten times it, that of the tutorial is its own.

    The sick ones look back half as far, but for --long.
    """
    short = "tuned" not in paces and not request.config.getoption("--long")
    found = verdict(name, *["model.context=16"] * short)
    assert found.pace in paces, found
    assert {"frozen_north": found.best > SLOW, "hot_forge": found.best < HOT, "tutorial": HOT <= found.best <= SLOW}[name]
    assert found.low <= found.best <= found.high
