"""What is said about sick signals."""

from support.fakes import fake_config
from support.panels import text_of

from rolltrain_tui.protocol.events import Examined
from rolltrain_tui.protocol.readings import Reading
from rolltrain_tui.rules.health.signals import SIGNALS
from rolltrain_tui.story.counsel import diagnosis_sentences
from rolltrain_tui.story.narration import tell
from rolltrain_tui.story.scene import Scene
from rolltrain_tui.tui.expedition.diagnosis import diagnosis_lines


def examined(turn: int, gap: float) -> Examined:
    return Examined(turn, (Reading("gap", gap, -0.1, 0.3),), ())


def test_a_gap_that_was_there_before_anything_was_learnt_is_told_as_such() -> None:
    """In the story of turn 0, and later by whatever advises; the rest of the gap is what training has made."""
    start = "before anything was learnt: the validation data differ from the training data"
    assert f"The gap stands there {start}." in tell(examined(0, 0.4))
    assert start not in tell(examined(0, 0.2)) + tell(examined(50, 0.4))
    scene = Scene.of([examined(0, 0.4), examined(50, 0.9)])
    for said in (" ".join(diagnosis_sentences(scene)), " ".join(text_of(diagnosis_lines(scene, fake_config(), 200)).split())):
        assert "0.4 nats of it stood there at turn 0" in said
        assert SIGNALS["gap"].advice.split(",")[0] in said


def test_a_gap_that_opened_while_training_has_the_usual_advice() -> None:
    scene = Scene.of([examined(0, 0.1), examined(50, 0.9)])
    assert f"Overfit gap: {SIGNALS['gap'].advice}." in diagnosis_sentences(scene)
