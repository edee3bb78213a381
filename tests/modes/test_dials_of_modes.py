"""The dials of each mode: what they offer lies between their bounds, and the training takes whatever they allow."""

import pytest
from support.paths import CAMPAIGNS, DUEL, DUNGEON

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.protocol.effects import NEUTRAL, StepEffect

HELD = "kl.loss={coefficient: 0.1, adaptive: false, target: 0.1, horizon: 100}"


@pytest.mark.parametrize(("campaign", "small"), [("duel_first", DUEL), ("dungeon_first", (*DUNGEON, HELD))])
def test_all_that_a_dial_allows_can_be_trained_with(campaign: str, small: tuple[str, ...]) -> None:
    """The numbers that are offered lie between the bounds; with either bound the training goes on."""
    config = load(CAMPAIGNS / f"{campaign}.yaml", small)
    learner, dials = build(config, base=CAMPAIGNS), [dial for dial in config.dials if dial.low is not None]
    assert len(dials) > 2
    for dial in dials:
        assert dial.low is not None
        assert dial.high is not None
        offered = [float(value) for value in dial.choices if value.replace(".", "").isdigit()]
        assert offered
        assert dial.low <= min(offered) <= max(offered) <= dial.high, dial.name
        for bound in (dial.low, dial.high):
            assert dial.refusal(f"{bound:g}") == ""
            learner.step(StepEffect(dials=((dial.name, f"{bound:g}"),)))
            learner.step(NEUTRAL)
