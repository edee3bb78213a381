"""What scouts found, in one sentence."""

from math import inf, nan

import pytest
from support.panels import text_of

from rolltrain_tui.protocol.events import ScoutsReturned, ScoutsSetOut
from rolltrain_tui.protocol.objective import VALIDATION_LOSS, Objective
from rolltrain_tui.protocol.readings import Pace, ScoutReport
from rolltrain_tui.story.counsel import diagnosis_sentences
from rolltrain_tui.story.narration import tell
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.story.scouts import best_words, scouts_words
from rolltrain_tui.tui.widgets.training.verdict import verdict_lines

SCORE = Objective(name="R²", unit="", better="higher", of_loss=False)
TRIED = (ScoutReport(1 / 3, 0.0451, 0.0021, False), ScoutReport(3.0, nan, nan, False), ScoutReport(1 / 9, -0.02, 0.001, True))


def returned(pace: Pace = "slow", best: float = 9.0, low: float = 3.2, high: float = inf) -> ScoutsReturned:
    return ScoutsReturned(100, pace, best, low, high, TRIED, 12.5)


def test_the_sentence_has_the_verdict_and_the_best_step() -> None:
    """What each scout found stands in the diagnosis: the unit once, and no number for what came to nothing."""
    assert tell(returned()) == "Scouts are back. SLOW: the steps are too small; the best step now is 9 x yours (at least 3.2)."
    found = (
        "Against the run's own steps, in nats: x0.33 +0.045 plus or minus 0.002, "
        "x3 came to nothing, x0.11 from the start −0.020 plus or minus 0.001."
    )
    assert scouts_words(returned(), VALIDATION_LOSS) == found
    scene = Scene()
    scene.apply(returned())
    assert f"Turn 100: {tell(returned())} {found}" in diagnosis_sentences(scene)


def test_an_error_that_nobody_knows_is_left_out() -> None:
    """On a single example there is none: neither the sentence nor the page has a word for it."""
    found = ScoutsReturned(100, "unclear", 3.0, 0.0, inf, (ScoutReport(3.0, -0.1, inf, False),), 12.5)
    assert scouts_words(found, VALIDATION_LOSS) == "Against the run's own steps, in nats: x3 −0.100."
    scene = Scene()
    scene.apply(found)
    assert "×3 −0.100 nats." in text_of(verdict_lines(scene, None, 100))


def test_an_objective_without_a_unit_names_none() -> None:
    """And nothing is in nats."""
    told = scouts_words(returned(), SCORE)
    assert "Against the run's own steps: x0.33" in told
    assert "nats" not in told


@pytest.mark.parametrize(
    ("best", "low", "high", "words"),
    [
        (0.5, 0.4, 0.7, "; the best step now is 0.5 x yours (0.4 to 0.7)"),
        (9.0, 4.0, inf, "; the best step now is 9 x yours (at least 4)"),
        (0.04, 0.0, 0.11, "; the best step now is 0.04 x yours (at most 0.11)"),
        (0.11, 0.0, inf, "; the best step now is 0.11 x yours (without bounds)"),
        (13.0, 11.6, 24.2, "; the best step now is 13 x yours (12 to 24)"),
        (1.256, 1.249, 1.262, "; the best step now is 1.26 x yours (1.25 to 1.26)"),
        (nan, 0.0, inf, ""),
    ],
)
def test_the_interval_in_words(best: float, low: float, high: float, words: str) -> None:
    """A side that nobody went far enough to bound is told as open; without a number there are none. The best as told lies between."""
    assert best_words(returned(best=best, low=low, high=high)) == words


@pytest.mark.parametrize(("pace", "word"), [("slow", "SLOW"), ("tuned", "TUNED"), ("hot", "HOT"), ("unclear", "Cannot tell")])
def test_each_verdict_has_its_word(pace: Pace, word: str) -> None:
    """One of four, in words of the glossary."""
    others = {"SLOW", "TUNED", "HOT", "Cannot tell"} - {word}
    told = tell(returned(pace))
    assert word in told
    assert not any(other in told for other in others)


def test_the_scene_shows_the_last_verdict_and_its_cost() -> None:
    """And forgets that they are out."""
    scene = Scene()
    scene.apply(ScoutsSetOut(100))
    assert scene.scouting
    scene.apply(found := returned())
    assert scene.scouts is found
    assert (scene.scouting, scene.scout_gflop) == (False, 12.5)
