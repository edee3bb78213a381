"""The lessons: every page names campaigns, options and keys that exist."""

import re
from collections.abc import Callable

import pytest
from support.shell import Answer
from textual.binding import Binding

from rolltrain_tui.classroom.lessons import LESSONS, Lesson, lesson
from rolltrain_tui.cli.play import play
from rolltrain_tui.cli.shared import options
from rolltrain_tui.story.codex import page
from rolltrain_tui.story.veil import SECRETS
from rolltrain_tui.tui.expedition.cards import Card
from rolltrain_tui.tui.expedition.expedition import ExpeditionScreen
from rolltrain_tui.tui.expedition.teaching import ALL
from rolltrain_tui.tui.expedition.vote import VoteScreen
from rolltrain_tui.tui.screens.ending import EndingScreen

WRITTEN = {"Enter": "enter", "Esc": "escape", ".": "full_stop"}
ANSWERS = {"1", "2", *(secret[0] for secret in SECRETS), ALL[0]}
"""Of the small questions: what is voted on, and what is revealed."""


def bound() -> set[str]:
    """The keys of the screens that a lesson shows."""
    found: set[str] = set()
    for screen in (ExpeditionScreen, Card, VoteScreen, EndingScreen):
        for binding in screen.BINDINGS:
            assert isinstance(binding, Binding)
            found |= set(binding.key.split(","))
    return found


@pytest.mark.parametrize("row", LESSONS, ids=lambda row: row.name)
def test_a_lesson_names_only_what_exists(row: Lesson) -> None:
    """Its runs are valid campaigns with valid options; its keys are bound; its commands are lessons."""
    for words in row.begins:
        given = play.make_context("play", list(words)).params
        campaign = options.find_campaign(given["what"])
        changes = options.overrides(campaign, data=None, steps=None, seed=None, device=None, settings=given["settings"])
        options.check_campaign(campaign, changes, None)
        assert given["presenter"] is True
        assert given["hidden"], "a class guesses first"
    text = page(row.page).text
    assert f"({row.minutes} minutes)" in text
    commands = re.findall(r"rolltrain class lesson (\w+) --play (\d+)", text)
    assert {(row.name, str(number)) for number in range(1, len(row.begins) + 1)} == set(commands)
    keys = {key for line in text.splitlines() if line.startswith("| `") for key in re.findall(r"`([^`]+)`", line.split("|")[1])}
    assert len(keys) >= 5
    assert {key for key in keys if WRITTEN.get(key, key) not in bound() | ANSWERS} == set()
    for part in ("**Question.**", "**The usual wrong answer.**", "**Begin**", "**What the class will see.**"):
        assert part in text


def test_the_verb_lists_lessons_and_shows_their_pages(call: Callable[..., Answer]) -> None:
    listed = call("class", "lesson")
    assert listed.code == 0
    assert all(row.name in listed.out and row.question in listed.out for row in LESSONS)
    shown = call("class", "lesson", "placebo")
    assert shown.out == page("lesson_placebo").text + "\n"
    wrong = call("class", "lesson", "placeboo")
    assert wrong.code != 0
    assert "did you mean placebo?" in wrong.err
    assert "there is no run 3" in call("class", "lesson", "placebo", "--play", "3").err


def test_a_lesson_is_found_by_its_name_in_any_case() -> None:
    assert lesson(" Tutorial ").minutes == 5
    with pytest.raises(ValueError, match="There is no lesson 'x'"):
        lesson("x")


def test_what_cannot_be_hidden_is_named_on_the_command_line(call: Callable[..., Answer]) -> None:
    wrong = call("play", "tutorial", "--hide", "ghost,florr")
    assert wrong.code == 2
    assert '"florr" cannot be hidden. There are ghost, floor, verdict, diagnosis' in wrong.err
