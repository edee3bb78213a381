"""The arena's diagnosis and the campaign's tell the same numbers of the same history, against the same bounds."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rolltrain_tui.arena.diagnosis import SCOUTING, TOLD, examine, heard
from rolltrain_tui.arena.events import Trained
from rolltrain_tui.arena.training import train
from rolltrain_tui.game.setup import new_game
from rolltrain_tui.protocol.readings import Reading
from rolltrain_tui.rules.game import Game

HEARD = ("loss_rise", "above_chance", "gradient_spike", "non_finite", "projected_gain")
V = 27


@pytest.fixture
def campaign() -> Game:
    """The game of the tiny GPT's campaign, which scouts as long as the arena does."""
    from rolltrain_tui.config import shipped

    config = shipped.campaign("tiny_gpt")
    game = new_game(config)
    assert SCOUTING == game.watch.scouting
    game.watch.chance = math.log(V)
    return game
