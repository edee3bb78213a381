"""`diagnosis.spike` in a campaign file: from where a gradient is a spike in this campaign."""

from dataclasses import dataclass

import pytest
from support.paths import CAMPAIGNS

from rolltrain_tui.config.campaign_file_error import CampaignFileError
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.rules.health.signal_monitor import SignalMonitor


@dataclass
class Report:
    grad_norm: float
    loss: float = 0.1
    finite: bool = True


@pytest.mark.parametrize(("spike", "leap", "sick"), [("50", 25.0, False), ("50", 60.0, True), ("null", 25.0, True), ("null", 7.0, False)])
def test_a_gradient_is_a_spike_from_the_campaign_s_bound_on(spike: str, leap: float, sick: bool) -> None:
    """Its own, or that of the house."""
    config = load(CAMPAIGNS / "dungeon_first.yaml", (f"diagnosis.spike={spike}",))
    watch = SignalMonitor(objective=config.objective, highest=config.highest)
    for turn in range(1, 32):
        watch.hear(turn, Report(leap if turn == 31 else 1.0))
    assert watch.sick("gradient_spike", "high") == sick


def test_a_duel_s_bound_stands_beside_its_rival_s() -> None:
    """A campaign of two bounds has both."""
    config = load(CAMPAIGNS / "duel_mirror.yaml", ("diagnosis.spike=20",))
    assert config.highest.keys() == {"gradient_spike", "echo"}


def test_an_older_file_has_the_house_s_bound() -> None:
    """A run that was saved before there was the line meets the monsters that it met."""
    config = load(CAMPAIGNS / "dungeon_first.yaml")
    told = config.model_dump()
    del told["diagnosis"]["spike"]
    assert type(config).model_validate(told).highest == {}


@pytest.mark.parametrize("value", ["1", "-3", ".nan", "much"])
def test_what_is_no_bound_is_refused(value: str) -> None:
    """With what it must be."""
    with pytest.raises(CampaignFileError, match=r"diagnosis\.spike=.*: must be a number above 1 "):
        load(CAMPAIGNS / "dungeon_first.yaml", (f"diagnosis.spike={value}",))
