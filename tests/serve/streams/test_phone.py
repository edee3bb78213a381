"""What the phone page is told of a run: numbers that JSON can hold, a curve that is small, and clean text."""

import json
import math
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest
from support.fakes import FakeExpedition, fake_config
from support.hostile import MARKUP, PAYLOADS, is_dangerous, poisoned
from support.paths import ROOT

from rolltrain_tui.protocol.commands import Speak, UseAbility
from rolltrain_tui.protocol.events import ActBegan, DiceRolled, GhostPoint, GhostSeen, StepTaken
from rolltrain_tui.protocol.inbox import ScriptedInbox
from rolltrain_tui.protocol.objective import Objective
from rolltrain_tui.serve.streams import phone
from rolltrain_tui.story.scene import Scene

MOVES = [(3, UseAbility("rage")), (5, Speak())]
STORY = list(FakeExpedition(Path("nowhere"), fake_config("turns=400")).play(ScriptedInbox(MOVES)))


def parts(scene: Scene) -> dict[str, object]:
    told = {name: getattr(phone, name)(scene) for name in ("chart", "log", "proof", "says")}
    return told | {"status": phone.status(scene, "▶ playing")}


def test_a_run_of_any_length_is_told_in_few_kilobytes() -> None:
    """The last turn is in the curve; lines fit a phone."""
    scene = Scene.of(STORY)
    told = json.dumps(parts(scene), allow_nan=False)
    assert len(told) < 10_000
    chart = phone.chart(scene)
    assert chart["mean"][-1][0] == 400
    assert chart["marks"][-1][0] == 400
    assert all(len("".join(text for text, _ in line)) <= phone.WIDTH for line in phone.log(scene))


@pytest.mark.parametrize("length", range(10, 50, 5))
def test_the_last_lines_begin_with_a_sentence(length: int) -> None:
    """Not with the rest of one whose beginning has no room; of one that is longer than all of them, its end is told."""
    scene = Scene.of(STORY)
    for _ in range(4):
        scene.apply(ActBegan(400, 1, "A title", "some words " * length))
    begin = [line[0][0].strip() == "400" for line in phone.log(scene)]
    assert begin[0] or not any(begin)


def test_a_loss_that_is_no_number_leaves_a_gap() -> None:
    """JSON has no word for it, and neither has the curve."""
    sick = [
        replace(event, loss=math.nan, loss_ema=math.inf) if isinstance(event, StepTaken) and event.turn > 200 else event for event in STORY
    ]
    told = parts(Scene.of(sick))
    json.dumps(told, allow_nan=False)
    assert (told["status"]["loss"] == "", phone.status(Scene.of(STORY), "")["loss"] == "") == (True, False)
    assert told["chart"]["mean"][-1][0] <= 200


@pytest.mark.parametrize("turns", [0, 1, 100, 400])
def test_plain_training_is_drawn_as_far_as_the_run_has_come(turns: int) -> None:
    """Its rest would tell how the run may end; where it begins is told from the start."""
    points = tuple(GhostPoint(turn, 2.0, 3.0, 0.1) for turn in range(0, 401, 50))
    scene = Scene.of(event for event in STORY if not isinstance(event, GhostSeen) and event.turn <= turns)
    scene.apply(GhostSeen(turns, 1, points))
    assert phone.chart(scene)["ghost"] == [[point.turn, 3.0] for point in points if point.turn <= turns]


def test_the_dashed_line_has_the_name_of_what_the_run_is_held_against() -> None:
    """A duel's is a player's."""
    assert phone.chart(Scene(objective=Objective(par="Zeillinger")))["par"] == "Zeillinger"
    page = ROOT / "rolltrain_tui" / "serve" / "assets" / "phone.html"
    assert "plain training" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("events", [0, 1, 3])
def test_a_run_that_has_hardly_begun_is_told(events: int) -> None:
    """Before the first event, the first turn and the first word."""
    json.dumps(parts(Scene.of(STORY[:events])), allow_nan=False)


def test_foreign_text_is_clean() -> None:
    """Every payload and every markup in every text of every event: what a phone gets can be seen, and nothing more."""
    kinds = {type(event): event for event in STORY if not isinstance(event, DiceRolled | StepTaken)}
    texts = [*PAYLOADS, *MARKUP]
    for first in range(0, len(texts), 5):
        several = cycle(texts[first : first + 5])
        scene = Scene.of(poisoned(event, text) for event, text in zip(kinds.values(), several, strict=False))
        told = json.dumps(parts(scene), ensure_ascii=False).replace("\\n", "")
        assert not any(map(is_dangerous, told)), texts[first : first + 5]
