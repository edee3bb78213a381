"""A noun after the number 1 is in the singular, in sentences that are put together from parts."""

import math
from collections.abc import Callable
from io import StringIO

import pytest
from support.paths import CAMPAIGNS

from rolltrain_tui.exports.fairness import Fairness
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.duel.game import GameError
from rolltrain_tui.modes.duel.table.position import Position, Rules
from rolltrain_tui.modes.dungeon.table.rival import mind_of
from rolltrain_tui.modes.dungeon.worlds.built_in import BuiltIn
from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings
from rolltrain_tui.modes.text.corpora.parts import refuse_short
from rolltrain_tui.modes.text.corpora.text_file import DataError
from rolltrain_tui.plain.dungeon import watch
from rolltrain_tui.plain.views import SafeStream
from rolltrain_tui.story.measurements import evidence


def _refused(refusal: Callable[[], object], error: type[Exception]) -> str:
    with pytest.raises(error) as caught:
        refusal()
    return str(caught.value)


def _model(campaign: str) -> str:
    config = load(CAMPAIGNS / f"{campaign}.yaml", ("model.n_layer=1",))
    return dict(config.card())["Model"]


def _watched() -> str:
    told = StringIO()
    watch(BuiltIn(WorldSettings(points="sparse")), mind_of("random"), [3], 1, None, SafeStream(told))
    return told.getvalue()


SENTENCES: dict[str, Callable[[], str]] = {
    "of its 1 character 1 is for training": lambda: _refused(lambda: refuse_short("A text", 1, 0.1, 8), DataError),
    "has 1 coordinate,": lambda: _refused(lambda: Position.start(Rules(), [(1,)]), GameError),
    "1 die: too few": lambda: Fairness(1, math.nan, 19, math.nan).words,
    "1 weight agrees": lambda: " ".join(evidence({"cautious": 2.0, "cautious.struck": 1.0, "cautious.share": 1.0, "cautious.others": 1.0})),
    "Stopped after 1 move with 0 of 1 point.": _watched,
    "1 layer, 64 wide": lambda: _model("tutorial"),
    "1 layer of width": lambda: _model("dungeon_first"),
}


@pytest.mark.parametrize("words", SENTENCES)
def test_one_of_a_kind_is_in_the_singular(words: str) -> None:
    assert words in SENTENCES[words]()
