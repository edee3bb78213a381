"""The judgement: what a finished run was worth beside plain training."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.endings import ENDED, HERO, HURT, MIDDLE, events_of, ghost

from rolltrain_tui.protocol.events import CampaignEnded, Ending, Evaluated, SettingsChanged
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.story.closing import closing_record, closing_sentences
from rolltrain_tui.story.judgement import Judgement, judge, tell_judgement
from rolltrain_tui.story.scene import Scene

LOSS = Objective(limit=0.5)
SCORE = Objective(name="R²", unit="", better="higher", step=0.1, limit=1.0, of_loss=False)
values = st.floats(-50, 50)
anything = values | st.sampled_from([math.nan, math.inf, -math.inf])
errors = st.floats(0, 3)
endings = st.sampled_from(["victory", "spent", "fallen"])


def judged(
    value: float, error: float, plain: float, plain_error: float, objective: Objective = LOSS, ending: Ending = "victory"
) -> Judgement:
    ended = replace(ENDED, ending=ending, value=value, standard_error=error)
    last = Evaluated(ended.turn, value, error, value, 1.0, True)
    return judge(ended, last, ghost(plain, plain_error).points, objective)


@given(values, errors, values, errors)
def test_won_and_lost_are_mirror_images_and_held_is_what_two_errors_cannot_tell_apart(a: float, ea: float, b: float, eb: float) -> None:
    outcome, mirrored = judged(a, ea, b, eb).outcome, judged(b, eb, a, ea).outcome
    assert {"won": "lost", "lost": "won", "held": "held"}[outcome] == mirrored
    assert (outcome == "held") == (abs(a - b) <= 2 * math.hypot(ea, eb))
    if outcome != "held":
        assert outcome == ("won" if a < b else "lost")


@given(values, errors, values, errors)
def test_where_higher_is_better_the_same_numbers_are_judged_the_other_way_round(a: float, ea: float, b: float, eb: float) -> None:
    assert judged(a, ea, b, eb, SCORE).outcome == judged(-a, ea, -b, eb, LOSS).outcome


@given(anything, errors, anything, errors, endings)
def test_a_fallen_run_and_one_that_is_no_number_never_win(a: float, ea: float, b: float, eb: float, ending: Ending) -> None:
    outcome = judged(a, ea, b, eb, ending=ending).outcome
    if ending == "fallen":
        assert outcome == "fallen"
    elif not math.isfinite(a):
        assert outcome == "lost"
    else:
        assert outcome in ("won", "held", "lost")


@given(values, errors)
def test_plain_training_that_burst_is_beaten_by_any_number(a: float, ea: float) -> None:
    judgement = judged(a, ea, math.nan, math.nan)
    assert ("won", None) == (judgement.outcome, judgement.difference)
    assert "plain training burst" in tell_judgement(judgement, LOSS)


def test_a_hero_at_no_hit_points_has_fallen_whatever_the_loss_says() -> None:
    ended = replace(ENDED, sheet=replace(HERO, hp=0))
    assert "fallen" == judge(ended, None, ghost(9.0).points, LOSS).outcome


@pytest.mark.parametrize("points", [(), ghost(9.0, turn=1000).points, ghost(9.0, turn=4000).points], ids=["none", "shorter", "longer"])
def test_without_plain_training_of_this_length_nothing_is_won(points: tuple[()]) -> None:
    assert ("alone", None) == ((found := judge(ENDED, None, points, LOSS)).outcome, found.difference)


def test_a_run_that_spent_its_energy_is_compared_at_its_own_turn() -> None:
    """Half-way between 4.2 and 1.52."""
    ended: CampaignEnded = replace(ENDED, ending="spent", turn=1000)
    found = judge(ended, None, ghost().points, LOSS)
    assert found.plain is not None
    assert (pytest.approx(2.86), "won") == (found.plain.value, found.outcome)


def test_both_sides_are_measured_on_the_probe_set_of_plain_training() -> None:
    """Not on the larger set of the final test."""
    scene = Scene.of(events_of(plain=ghost(1.6), last=1.5))
    assert scene.judgement is not None
    assert scene.judgement.difference is not None
    assert pytest.approx(-0.1) == scene.judgement.difference.value
    assert pytest.approx(math.hypot(0.01, 0.012)) == scene.judgement.difference.standard_error


@pytest.mark.parametrize(("path", "outcome"), [("optimizer.learning_rate", "alone"), ("dice.die", "won")])
def test_settings_that_decide_plain_training_end_the_comparison(path: str, outcome: str) -> None:
    change = SettingsChanged(50, ((path, "1", "2"),), 2000, "hero", 20, 12, HERO)
    scene = Scene.of(events_of(plain=ghost(), middle=[change]))
    assert scene.judgement is not None
    assert outcome == scene.judgement.outcome


def test_the_closing_words_and_the_record_say_the_same() -> None:
    scene = Scene.of(events_of(plain=ghost(), middle=MIDDLE))
    told, record = " ".join(closing_sentences(scene)), closing_record(scene)
    assert record is not None
    assert ("won", 1, 2, {"helped": 1, "no_effect": 0, "hurt": 1}) == tuple(
        record[name] for name in ("outcome", "gates_opened", "gates", "abilities")
    )
    for words in (
        "Judgement: won",
        "−0.108 nats, plus or minus 0.016",
        "1.412 against 1.520",
        "1 of 2 opened",
        "Worst move: Rage in turn 280",
    ):
        assert words in told
    assert HURT.delta == record["worst_move"]["difference"]


def test_no_reader_is_told_that_a_run_is_alone() -> None:
    """The name is for programs. People read that it is finished, and that nothing is recorded to hold it against."""
    scene = Scene.of(events_of(plain=None))
    assert (record := closing_record(scene)) is not None
    assert record["outcome"] == "alone"
    told = " ".join(closing_sentences(scene))
    assert "alone" not in told
    assert "Judgement: finished; no plain training of these settings is recorded" in told


def test_a_run_that_goes_on_is_not_judged() -> None:
    scene = Scene.of(events_of()[:-1])
    assert (None, [], None) == (scene.judgement, closing_sentences(scene), closing_record(scene))
