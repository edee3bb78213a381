"""What grading reads of a story without training it again."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.fakes import FakeExpedition, fake_config

from rolltrain_tui.classroom.grading.record import Record
from rolltrain_tui.protocol.commands import SaveGame, UseAbility
from rolltrain_tui.protocol.events import (
    CampaignBegan,
    CampaignEnded,
    CommandAccepted,
    CommandRefused,
    Evaluated,
    Event,
    GhostPoint,
    GhostSeen,
    SettingsChanged,
)
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.protocol.sheet import BLANK
from rolltrain_tui.runs.log.event_log import Chronicle
from rolltrain_tui.training.machine.machine_kind import this_machine

STORY = [event for event in FakeExpedition(Path("nowhere"), fake_config("turns=20")).play(Inbox()) if event.in_story]


def read(story: list[Event], folder: Path) -> Record:
    with Chronicle(folder / "chronicle.jsonl") as chronicle:
        for event in story:
            chronicle.append(event)
    return Record.of(folder / "chronicle.jsonl")


def test_a_row_of_the_table_is_what_its_story_tells(tmp_path: Path) -> None:
    """The orders that change the run, by turn; how many more were given and refused; and how far it came, by the rule of endings."""
    *before, ended = STORY
    assert isinstance(ended, CampaignEnded)
    plain = read(STORY, tmp_path).result()
    (tmp_path / "chronicle.jsonl").unlink()
    rage = UseAbility("rage")
    orders = [CommandAccepted(20, rage), CommandAccepted(20, SaveGame("mid")), CommandRefused(20, rage, "no charge left")]
    change = SettingsChanged(20, (("turns", "20", "40"),), 40, "hero", 20, 12, BLANK)
    row = read([*before, *orders, change, ended], tmp_path).result()
    assert (row.given, row.refused) == (plain.given + 2, plain.refused + 1)
    assert row.orders == (*plain.orders, "20 Rage")
    assert (row.turn, row.turns, plain.turns) == (20, 40, 20)
    assert (row.value, row.standard_error) == (ended.value, ended.standard_error)


def test_a_run_that_stopped_on_its_way_is_as_good_as_its_last_evaluation(tmp_path: Path) -> None:
    """Nothing was compared with plain training: that is for endings."""
    *before, _ = STORY
    evaluated = Evaluated(20, 1.5, 0.25, 1.5, 1.5, True)
    row = read([*before, evaluated], tmp_path).result()
    assert (row.value, row.standard_error, row.ghost) == (1.5, 0.25, None)


def test_a_row_has_the_plain_run_beside_which_it_was_played(tmp_path: Path) -> None:
    """The recording that its story saw, at the end of the run."""
    began, *rest = [event for event in STORY if not isinstance(event, GhostSeen)]
    points = (GhostPoint(0, 4.5, 4.0, 0.1), GhostPoint(20, 3.5, 3.25, 0.1))
    assert read([began, GhostSeen(0, 1, points), *rest], tmp_path).result().ghost == 3.25


@pytest.mark.parametrize("told", [True, False])
def test_a_row_names_the_machine_where_its_story_does(told: bool, tmp_path: Path) -> None:
    """Older stories do not."""
    began, *rest = STORY
    assert isinstance(began, CampaignBegan)
    machine = this_machine(threads=1) if told else None
    row = read([replace(began, machine=machine), *rest], tmp_path).result()
    assert row.machine == (
        "" if machine is None else f"{machine.system} {machine.architecture} {machine.capability}, torch {machine.torch}"
    )
