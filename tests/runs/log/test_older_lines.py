"""Chronicles of older programs: two runs of format 2, whose events wrote parts of the character sheet among their own fields."""

import json
import math
import shutil
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from rolltrain_tui.protocol.commands import Predict
from rolltrain_tui.protocol.events import (
    CampaignBegan,
    CampaignEnded,
    CommandRefused,
    Event,
    HeroFell,
    Rested,
    SettingsChanged,
    Spoke,
    StatRaised,
    StepTaken,
    XPGained,
)
from rolltrain_tui.protocol.sheet import BLANK, Sheet
from rolltrain_tui.rules.hero.inspiration import Inspiration
from rolltrain_tui.runs.log import event_codec, event_log
from rolltrain_tui.runs.log.event_log import Chronicle
from rolltrain_tui.runs.log.recording import Recording
from rolltrain_tui.runs.verification.differences import same
from rolltrain_tui.runs.verification.reexecution import from_the_beginning
from rolltrain_tui.runs.verification.verification import Verification
from rolltrain_tui.story.scene import Scene

GOLDEN = Path(__file__).parent / "golden_chronicles"
RUNS = ("changed", "fallen")
RENAMED = {"hero": "name", "val_loss": "value", "best_val_loss": "best"}
ELSEWHERE = (*event_codec.ENVELOPE, "vocabulary", "floor")
PARTS = {part.name for part in fields(Sheet)}


def lines_of(run: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (GOLDEN / run / "chronicle.jsonl").read_text().splitlines()]


def events_of(run: str) -> list[Event]:
    return list(event_log.read(GOLDEN / run / "chronicle.jsonl"))


@pytest.mark.parametrize("run", RUNS)
def test_every_field_of_an_older_line_is_kept(run: str) -> None:
    """What an older line says stands in the event or on its sheet, unchanged."""
    for line, event in zip(lines_of(run), events_of(run), strict=True):
        new = json.loads(event_codec.encode(event))
        flat = {**new.get("sheet", {}), **new}
        told = {
            RENAMED.get(name, name): value for name, value in line.items() if name not in (*event_codec.ENVELOPE, "vocabulary", "floor")
        }
        if isinstance(event, StepTaken) and event.k_effective is None:
            assert (1.0, 0.0, 0.0) == tuple(told.pop(name) for name in ("k_effective", "proposed_norm", "applied_norm"))
        assert told == {name: flat[name] for name in told}
        if isinstance(event, CampaignBegan):
            assert (line["floor"], math.log(line["vocabulary"])) == (event.objective.limit, event.objective.chance)


@pytest.mark.parametrize("run", RUNS)
def test_a_run_of_an_older_program_happens_again(run: str, tmp_path: Path) -> None:
    """Trained once more, it is the same event by event, and so are the parts of the sheet that its lines never told."""
    shutil.copytree(GOLDEN / run, tmp_path / run)
    findings = Verification(from_the_beginning(tmp_path / run), tolerance=1e-3, strict=False, watch=lambda event: None).run()
    assert (None, len(lines_of(run))) == (findings.difference, findings.events)


@pytest.mark.parametrize("run", RUNS)
def test_an_older_chronicle_is_read_from_anywhere(run: str) -> None:
    """Places hold the sheet, so what follows them reads as it did from the beginning; so does a recording."""
    path = GOLDEN / run / "chronicle.jsonl"
    whole = list(event_log.read_from(path))
    for number in range(0, len(whole), 17):
        assert same([event for event, _ in whole[number + 1 :]], [event for event, _ in event_log.read_from(path, whole[number][1])])
    recording = Recording(path)
    for turn in (0, 13, 24, recording.last):
        assert Scene.of(event for event, _ in whole if event.turn <= turn).sheet == recording.at(turn)[0].sheet


def test_the_sheet_is_carried_from_line_to_line() -> None:
    """A raised score and changed settings come with the HP, XP and charges that earlier lines told."""
    events = events_of("changed")
    (raised,) = [event for event in events if isinstance(event, StatRaised)]
    (changed,) = [event for event in events if isinstance(event, SettingsChanged)]
    hero = raised.sheet
    assert (17, 3, 4, 17, 3923) == (dict(hero.stats)["INT"], hero.modifier, hero.level, hero.hp, hero.xp)
    assert replace(hero, hp=changed.sheet.hp, xp=changed.sheet.xp, expected_k=changed.sheet.expected_k) == changed.sheet


def test_a_hero_of_a_higher_level_began_with_the_xp_of_its_level() -> None:
    """Older lines did not tell it: level 3 begins at 900 XP in the table whose fourth level begins at 2700."""
    assert [(3, 900, 2700)] == [(began.sheet.level, began.sheet.xp, began.sheet.next_level_xp) for began in events_of("fallen")[:1]]  # type: ignore[attr-defined]


def test_a_fall_is_on_the_sheet() -> None:
    """The dead of older chronicles have no HP, and the level and XP of their last camp."""
    (fell,) = [event for event in events_of("fallen") if isinstance(event, HeroFell)]
    assert (0, 3, 990, 1) == (fell.sheet.hp, fell.sheet.level, fell.sheet.xp, fell.sheet.deaths)


def test_the_first_chronicles_told_nothing_of_the_sheet_after_a_fall() -> None:
    """Their line counts the deaths; the rest of the sheet stays as it was."""
    before = Sheet(name="Brakka", level=3, xp=700, max_hp=30)
    fell = event_codec.decode_event('{"type":"HeroFell","turn":9,"deaths":2,"back_to_turn":5}', before)
    assert HeroFell(9, 5, replace(before, deaths=2)) == fell


def test_lines_of_two_formats_follow_each_other(tmp_path: Path) -> None:
    """A run that goes on appends lines of today's format to its older ones."""
    path = tmp_path / "chronicle.jsonl"
    shutil.copy(GOLDEN / "fallen" / "chronicle.jsonl", path)
    older = events_of("fallen")
    (ended,) = [event for event in older if isinstance(event, CampaignEnded)]
    rested = Rested(31, "long", replace(ended.sheet, hp=14))
    with Chronicle(path) as chronicle:
        chronicle.append(rested)
    assert same([*older, rested], list(event_log.read(path)))
    assert all(before.number + 1 == after.number for (_, before), (_, after) in pairwise(event_log.read_from(path)))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"type":"Rested","turn":1,"kind":"long","hp":"x","charges":[]}', "Sheet.hp: expected a whole number"),
        ('{"type":"CampaignBegan","turn":0,"level":99,"next_level_xp":1}', "CampaignBegan: the field"),
        ('{"type":"StatRaised","turn":1,"stat":"INT","score":"x"}', "StatRaised.score: expected a whole number"),
        ('{"type":"Rested","turn":1,"kind":"long","sheet":7}', "sheet: expected an object"),
    ],
)
def test_an_older_line_that_does_not_fit_is_refused(line: str, reason: str) -> None:
    """A part of the sheet is checked like any other field."""
    with pytest.raises(event_codec.WireError, match=reason):
        event_codec.decode_event(line, replace(BLANK, stats=(("INT", 10),)))


STEP = (
    '{"type":"StepTaken","turn":1,"loss":2.0,"loss_ema":2.0,"grad_norm":1.0,"lr":0.01,"k_requested":%s,"k_effective":%s,"proposed_norm":%s,'
    '"applied_norm":%s,"tokens":8,"gflop":0.1,"finite":%s,"levers":[]}'
)


@pytest.mark.parametrize(
    ("older", "meant"),
    [
        (("1.0", "1.0", "0.0", "0.0", "true"), (None, None, None)),  # the plain step
        (("0.0", "0.0", "0.0", "0.0", "true"), (0.0, None, 0.0)),  # the optimiser was not called
        (("1.5", "0.0", "0.0", "0.0", "false"), (0.0, None, 0.0)),  # not finite
        (("0.0", "0.0", "0.1", "0.0", "true"), (0.0, 0.1, 0.0)),  # a fumble: measured
        (("1.5", "0.0", "0.0", "0.0", "true"), (0.0, 0.0, 0.0)),  # measured at a learning rate of 0
        (("1.0", "1.0", "0.1", "0.1", "true"), (1.0, 0.1, 0.1)),  # measured although k is 1
    ],
)
def test_zeros_of_an_older_step_that_was_not_measured_are_none(older: tuple[str, ...], meant: tuple[float | None, ...]) -> None:
    """Older programs wrote norms of 0 and a k of 1 for a step that they did not measure. Measured zeros stay zeros."""
    step = event_codec.decode_event(STEP % older)
    assert isinstance(step, StepTaken)
    assert meant == (step.k_effective, step.proposed_norm, step.applied_norm)
    assert step == event_codec.decode_event(event_codec.encode(step))


@pytest.mark.parametrize(
    ("older", "today"),
    [
        ("Against last, 2 points\n1. host xy, agent x: 1 point\nover after 1 moves\nrho of last 0.1", "over after 1 move\nrho"),
        ("not over after 1 moves", "not over after 1 move"),
        ("Find the lamp. (walkthrough: 1 moves)\n> take lamp (5%)\nwon in 1 moves\n3 worlds", "(walkthrough: 1 move)"),
        ("> look (5%)\nnot won in 1 moves, 0 of 1 points\n3 worlds", "not won in 1 move, 0 of 1 point\n3 worlds"),
        ("> look (5%)\nnot won in 11 moves, 1 of 11 points", "in 11 moves, 1 of 11 points"),
        ("it won 1 of 1 points", "it won 1 of 1 points"),
        ("they won in 1 moves of love", "they won in 1 moves of love"),  # what a model of language may say
    ],
)
def test_a_game_of_one_move_or_one_point_is_told_in_the_singular(older: str, today: str) -> None:
    """Also in an older chronicle, so that it verifies against what is told today; nothing else in a sample changes."""
    spoke = event_codec.decode_event(event_codec.encode(Spoke(5, older, None)))
    assert isinstance(spoke, Spoke)
    assert today in spoke.text
    assert older.replace("1 moves", "1 move").replace("1 points", "1 point") == spoke.text.replace("1 moves", "1 move").replace(
        "1 points", "1 point"
    )
    assert spoke == event_codec.decode_event(event_codec.encode(spoke))


REFUSALS = [
    Inspiration().refusal("x"),
    Inspiration("lower").refusal("lower"),
    Inspiration().refusal("lower"),
    "Bram has no inspiration: predict an evaluation rightly to earn it.",
    "Nothing is predicted in this campaign (adventure.predictions).",
]


@pytest.mark.parametrize("reason", REFUSALS)
def test_a_refusal_that_said_foretell_says_predict(reason: str) -> None:
    """So that an older run verifies; a refusal of today stays as it is."""
    older = reason.replace("Predicted ", "Foretold ").replace("is predicted", "is foretold")
    older = older.replace("Predict ", "Foretell ").replace("predict ", "foretell ").replace("predict:", "foretell:")
    assert older != reason
    for words in (older, reason):
        refused = event_codec.decode_event(event_codec.encode(CommandRefused(5, Predict("lower"), words)))
        assert isinstance(refused, CommandRefused)
        assert reason == refused.reason


def test_the_xp_of_a_prediction_has_the_word_of_today() -> None:
    """Also in an older chronicle; other causes stay as they are."""
    for cause, today in (("a true foretelling", "a right prediction"), ("learning", "learning")):
        gained = event_codec.decode_event(event_codec.encode(XPGained(5, 50, 150, cause)))
        assert XPGained(5, 50, 150, today) == gained
