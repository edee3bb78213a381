"""One sign for minus in numbers that people read."""

from types import SimpleNamespace
from typing import Any

import pytest
from support.panels import text_of

from rolltrain_tui.base.grammar import minus
from rolltrain_tui.protocol.events import StepTaken
from rolltrain_tui.story.scene.views import TurnLine
from rolltrain_tui.tui.drawing.frame import Frame
from rolltrain_tui.tui.duel import insight
from rolltrain_tui.tui.widgets.game.log import turn_rows
from rolltrain_tui.tui.widgets.training.verdict import _delta
from rolltrain_tui.tui.wording.figures import fixed, signed
from rolltrain_tui.tui.wording.words import loss


def test_minus_is_minus_and_everything_else_stays() -> None:
    assert "−1.5 ± 0.2, +3" == minus("-1.5 ± 0.2, +3")


def test_no_zero_has_a_sign() -> None:
    assert ["0.000", "−0.001", "0.000"] == [fixed(value) for value in (-0.0001, -0.001, 0.0)]


def test_screens_write_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The modifier of an ability, a scout's difference, how a network of the duel rates a move, losses, a chart's axis."""
    position = SimpleNamespace(stopped=False, points=(), rules=SimpleNamespace(dimension=3))
    monkeypatch.setattr(insight, "_raters", lambda _: [None])
    monkeypatch.setattr(insight, "values_of", lambda *_: [((0, 1), -0.25), ((0, 2), -0.5)])
    sitting: Any = SimpleNamespace(position=position, named=None)
    rated = text_of(insight.value_lines(sitting, (), 60, 5))
    turn = text_of(turn_rows(TurnLine(1, None, StepTaken(1, -0.25, -0.3, 1.0, 0.001, 1.0, 1.0, 0.1, 0.1, 32, 1.0, True, ()), None), 80))
    axis = "".join(Frame(0, 10, -2.0, -1.0, 20, 10).labels().values())
    for text in (signed(-2), _delta(-0.5, 0.1), rated, turn, axis, loss(-0.005, 3)):
        assert "−" in text
        assert "-" not in text
