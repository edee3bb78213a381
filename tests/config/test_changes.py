"""Changes of settings: what leads from one campaign to another, and back to it."""

from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest
from support.paths import CAMPAIGNS

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes import campaign_file
from rolltrain_tui.modes.changes import changed, changes

FILES = [path for path in sorted(CAMPAIGNS.glob("*.yaml")) if campaign_file.load(path).kind == "supervised"]
Configure = Callable[..., CampaignConfig]


@pytest.mark.parametrize("pair", list(permutations(FILES, 2)), ids=lambda pair: f"{pair[0].stem} to {pair[1].stem}")
def test_changes_lead_from_one_campaign_to_the_other(pair: tuple[Path, Path]) -> None:
    """Whatever two campaigns differ in, but for the machine they run on."""
    before, after = map(campaign_file.load, pair)
    there = changed(before, changes(before, after))
    assert after.model_copy(update={"device": before.device}) == there
    assert changes(there, after) == ()


@pytest.mark.parametrize(
    ("setting", "change"),
    [
        ("turns=400", ("turns", "12", "400")),
        ("optimizer.learning_rate=1e-05", ("optimizer.learning_rate", "0.01", "1e-05")),
        ("dice.rulebook=off", ("dice.rulebook", '"hero"', '"off"')),
        ("adventure.energy=2.5", ("adventure.energy", "null", "2.5")),
        ("device.threads=2", None),
    ],
)
def test_one_change(tiny_config: Configure, setting: str, change: tuple[str, str, str] | None) -> None:
    """Each is told with its value before and after; the machine's are none."""
    before, after = tiny_config("optimizer.learning_rate=0.01"), tiny_config("optimizer.learning_rate=0.01", setting)
    assert changes(before, after) == (() if change is None else (change,))
    if change is not None:
        assert changed(before, [change]) == after
