"""One sign for minus in numbers that people read."""

from types import SimpleNamespace
from typing import Any

import pytest
from support.panels import text_of

from rolltrain_tui.base.grammar import minus
from rolltrain_tui.tui.duel import insight
from rolltrain_tui.tui.widgets.training.verdict import _delta
from rolltrain_tui.tui.wording.figures import signed


def test_minus_is_minus_and_everything_else_stays() -> None:
    assert "−1.5 ± 0.2, +3" == minus("-1.5 ± 0.2, +3")


def test_screens_write_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The modifier of an ability, the difference of a scout, and how a network of the duel rates a move."""
    position = SimpleNamespace(stopped=False, points=(), rules=SimpleNamespace(dimension=3))
    monkeypatch.setattr(insight, "_raters", lambda _: [None])
    monkeypatch.setattr(insight, "values_of", lambda *_: [((0, 1), -0.25), ((0, 2), -0.5)])
    sitting: Any = SimpleNamespace(position=position, named=None)
    rated = text_of(insight.value_lines(sitting, (), 60, 5))
    for text in (signed(-2), _delta(-0.5, 0.1), rated):
        assert "−" in text
        assert "-" not in text
