"""`diagnosis.youth` in a campaign file: whether signs of the first turns count towards monsters that come after them."""

import pytest
from support.paths import CAMPAIGNS

from rolltrain_tui.config.campaign_file_error import CampaignFileError
from rolltrain_tui.game.setup import new_game
from rolltrain_tui.modes.campaign_file import load


@pytest.mark.parametrize(("youth", "counts"), [("counted", True), ("ignored", False)])
def test_the_game_takes_the_campaign_s_word(youth: str, counts: bool) -> None:
    """For signs of the first turns."""
    config = load(CAMPAIGNS / "duel_first.yaml", (f"diagnosis.youth={youth}",))
    assert new_game(config).rules.youth_counts == counts


def test_an_older_file_counts_what_youth_shows() -> None:
    """A run that was saved before there was the line meets the monsters that it met."""
    config = load(CAMPAIGNS / "duel_first.yaml")
    told = config.model_dump()
    assert told["diagnosis"].pop("youth") == "ignored"
    older = type(config).model_validate(told)
    assert older.diagnosis.youth == "counted"
    assert older.diagnosis.scouts == config.diagnosis.scouts


def test_another_word_is_refused() -> None:
    """With those that may stand there."""
    with pytest.raises(CampaignFileError, match=r"diagnosis\.youth=often: must be .*counted.*ignored"):
        load(CAMPAIGNS / "duel_first.yaml", ("diagnosis.youth=often",))
