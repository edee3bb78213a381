"""What a campaign writes down of its games: trajectories beside the run, and its best game as a story."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.paths import CAMPAIGNS, DUNGEON

from rolltrain_tui.modes import build
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.dungeon.config import DungeonConfig
from rolltrain_tui.modes.dungeon.learner import DungeonLearner
from rolltrain_tui.protocol.effects import NEUTRAL
from rolltrain_tui.protocol.events import StepTaken
from rolltrain_tui.protocol.inbox import Inbox
from rolltrain_tui.runs.layout import TRAJECTORIES
from rolltrain_tui.runs.log import trajectories
from rolltrain_tui.runs.run import Run

WRITTEN = "record={best_game: true, trajectories: 1.0}"


def config_of(*overrides: str) -> DungeonConfig:
    config = load(CAMPAIGNS / "dungeon_first.yaml", (*DUNGEON, *overrides))
    assert isinstance(config, DungeonConfig)
    return config


def learner(*overrides: str) -> DungeonLearner:
    made = build(config_of(*overrides), base=CAMPAIGNS)
    assert isinstance(made, DungeonLearner)
    return made


def test_every_move_is_told_once_with_what_was_thought_and_earned() -> None:
    hero = learner(WRITTEN)
    rows = hero.told_moves()
    assert (len(rows), hero.told_moves()) == (4 * 6, ())
    assert [(row["game"], row["move"]) for row in rows] == [(game, move) for game in range(4) for move in range(6)]
    for row, logprob in zip(rows, hero.buffer.rows["logprobs"].flatten().tolist(), strict=True):
        assert row["logprobs"] == [pytest.approx(logprob, abs=1e-6)]
        assert row["reward"] == pytest.approx(sum(row["reward_parts"].values()))
        assert row["prompt"].startswith("You are in the ")
    assert sum(row["reward"] for row in rows) / len(rows) == pytest.approx(hero.buffer.told["objective/scores"], abs=1e-6)
    turns = []
    for _ in range(7):
        hero.step(NEUTRAL)
        turns.append({row["turn"] for row in hero.told_moves()})
    assert turns == [set(), set(), set(), {3}, set(), set(), {6}]


def test_nothing_is_told_that_nobody_asked_for() -> None:
    assert learner().told_moves() == ()


def play(run: Run, stop_after: int | None = None) -> None:
    inbox = Inbox()
    for event in run.play(inbox):
        if isinstance(event, StepTaken) and event.turn == stop_after:
            inbox.stop()


@pytest.mark.slow
@pytest.mark.parametrize("stop_after", [1, 7])
def test_a_run_that_was_stopped_and_goes_on_writes_the_same_moves(stop_after: int, tmp_path: Path) -> None:
    config = config_of(WRITTEN, "turns=8", "evaluation={every: 8, sequences: 2, final_sequences: 2}")
    straight, stopped = (Run.begin(config, base=CAMPAIGNS, runs=tmp_path / name) for name in ("straight", "stopped"))
    play(straight)
    play(stopped, stop_after)
    with (stopped.folder / TRAJECTORIES).open("a") as file:  # of a turn that a killed process did not save
        file.write(json.dumps({"turn": stop_after + 1}) + "\n")
    play(Run.resume(stopped.folder))
    told = (straight.folder / TRAJECTORIES).read_text()
    assert told.count("\n") == 3 * 4 * 6
    assert (stopped.folder / TRAJECTORIES).read_text() == told


def test_a_full_file_says_so_once_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / TRAJECTORIES
    rows = [{"turn": 0, "prompt": "x" * 40}] * 3
    for _ in range(3):
        trajectories.append(path, rows, 300)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines == [rows[0]] * 4 + [{"full": True}]
    assert path.stat().st_size <= 300


def last_words(*overrides: str) -> tuple[DungeonLearner, str]:
    hero = learner("turns=2", "evaluation.sequences=24", *overrides)
    hero.step(NEUTRAL)
    assert "Its best game" not in hero.perform()
    hero.step(NEUTRAL)
    return hero, hero.perform()


def test_the_best_game_of_a_run_is_told_at_its_end() -> None:
    hero, told = last_words("record={best_game: true, trajectories: null}", "speech.characters=4000")
    verdicts = [verdict for verdict in hero.verdicts(24, greedy=False)[0] if verdict.won]
    fewest = min(verdict.moves - verdict.par for verdict in verdicts)
    best = max((verdict for verdict in verdicts if verdict.moves - verdict.par == fewest), key=lambda verdict: verdict.par)
    story = next(line for line in told.splitlines() if line.startswith("Its best game, of 24 "))
    assert "Find the coin and take it. It " in story
    assert story.endswith(f"took the coin. That was the end: the game was won, after {best.moves} moves, par {best.par}.")


@pytest.mark.parametrize("overrides", [("record=null",), ("record={best_game: false, trajectories: 1.0}",)])
def test_a_run_of_before_ends_as_it_did(overrides: tuple[str, ...]) -> None:
    assert "best game" not in last_words(*overrides)[1]


def test_what_is_written_down_has_no_part_in_the_training() -> None:
    """A ghost of a campaign serves it with and without a record."""
    plain: Any = config_of()
    assert config_of(WRITTEN).recipe("") == plain.recipe("")
    assert not DungeonConfig.in_recipe("record.trajectories")
