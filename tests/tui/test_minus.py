"""One sign for minus in numbers that people read."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from support.panels import scene_after, text_of

from rolltrain_tui.base.grammar import fixed, minus, with_minus
from rolltrain_tui.protocol.events import (
    DiceRolled,
    Evaluated,
    Event,
    Examined,
    ForetellingJudged,
    Foretold,
    GateFaced,
    GhostPoint,
    GhostSeen,
    MonsterAppeared,
    Spoke,
    StepTaken,
    TwinJudged,
)
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.protocol.readings import Reading
from rolltrain_tui.story.narration import tell
from rolltrain_tui.story.scene.history import History
from rolltrain_tui.story.scene.views import TurnLine
from rolltrain_tui.tui.drawing.chart_view import ChartView
from rolltrain_tui.tui.drawing.frame import Frame
from rolltrain_tui.tui.duel import insight
from rolltrain_tui.tui.widgets.game.log import turn_rows
from rolltrain_tui.tui.widgets.game.stage import stage_lines
from rolltrain_tui.tui.widgets.game.voice import VoicePanel
from rolltrain_tui.tui.widgets.training.chart import chart_lines
from rolltrain_tui.tui.widgets.training.full_chart import full_chart_lines
from rolltrain_tui.tui.widgets.training.verdict import _delta
from rolltrain_tui.tui.wording.figures import signed
from rolltrain_tui.tui.wording.words import loss


def test_minus_is_minus_and_everything_else_stays() -> None:
    assert "−1.5 ± 0.2, +3" == minus("-1.5 ± 0.2, +3")


def test_no_zero_has_a_sign() -> None:
    assert ["0.000", "−0.001", "0.000"] == [fixed(value) for value in (-0.0001, -0.001, 0.0)]


def test_values_below_zero_have_it_wherever_they_are_read() -> None:
    """Charts with ghost and limit, the cursor's readout, the large numbers' best, and the title of what the model says."""
    scene = scene_after(30)
    scene.objective = Objective(name="R²", unit="", better="higher", step=0.1, chance=0.0, limit=-1.0, of_loss=False)
    scene.history = History()
    for event in (
        Evaluated(31, -0.25, 0.0, -0.125, -0.5, improved=False),
        GhostSeen(31, 1, (GhostPoint(0, -0.5, -0.5, 0.0), GhostPoint(40, -0.5, -0.5, 0.0))),
        StepTaken(31, -0.75, -0.75, 1.0, 0.5, 1.0, 1.0, 0.5, 0.5, 32, 1.0, True, ()),
        Spoke(31, "so", -0.375),
    ):
        scene.apply(event)
    title: list[str] = []
    panel: Any = SimpleNamespace(name_box=title.append, show=lambda _: None, content_size=SimpleNamespace(width=40, height=5), asks=True)
    VoicePanel.show_scene(panel, scene)
    cursor = ChartView(cursor=31, fit=False)
    told = [text_of(full_chart_lines(scene, cursor, (), 120, 35)), text_of(chart_lines(scene, 80, 16)), text_of(stage_lines(scene, 80, 30))]
    for words in ("R² −0.250", "ghost −0.500", "batch −0.75", "−0.125", "−0.50", "−0.38"):
        assert any(words in text for text in (*told, *title)), words
    assert not re.search(r"(?<!e)-\d", "\n".join((*told, *title)))


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


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Explained variance -0.2, where at least 0.02 is healthy", "Explained variance −0.2, where at least 0.02 is healthy"),
        ("1d8 -1 = 3; -.5", "1d8 −1 = 3; −.5"),
        ("self-play, 3-1, 1e-05, run-2, a - b, x=-1", "self-play, 3-1, 1e-05, run-2, a - b, x=−1"),
    ],
)
def test_words_with_numbers_in_them_keep_their_hyphens(words: str, told: str) -> None:
    assert told == with_minus(words)


HEALED = (("heal_alpha", 0.5), ("heal_alpha.val_before", -2.0), ("heal_alpha.val_after", -3.0))
TOLD: list[Event] = [
    DiceRolled(5, 20, (17,), 17, -2, 15, 12, "hit", -0.5),
    StepTaken(5, -0.25, -0.3, 1.0, 0.001, -1.0, -0.5, 0.1, 0.1, 32, 1.0, True, (), HEALED),
    TwinJudged(9, "rage", 5, 4, -0.0123, 0.001, "helped", 1.0),
    Foretold(9, "lower", -2.0, -1.0),
    ForetellingJudged(9, "lower", "lower", -2.0, -3.0, True),
    GateFaced(9, -1.5, -1.25, -1.75, True, 100),
    Evaluated(9, -1.5, 0.1, -2.0, -1.0, False),
    MonsterAppeared(9, "gradient_ooze", "1/2", 30, 8, "Projected gain -0.5 %, where at least 1 % is healthy."),
    Examined(9, (Reading("gap", -0.9, -0.05, 0.3),), ()),
]


@pytest.mark.parametrize("event", TOLD, ids=lambda event: type(event).__name__)
def test_the_story_writes_it(event: Event) -> None:
    """So does every sentence of the story; no hyphen stands before a number."""
    told = tell(event)
    assert "−" in told
    assert not re.search(r"(?<!\w)-\.?\d", told)
