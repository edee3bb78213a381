"""`rolltrain dungeon --plain`: an adventure played through a pipe."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support import fake_textworld, warm
from support.paths import CAMPAIGNS, DUNGEON
from support.shell import Answer

from rolltrain_tui.config.schema import CampaignConfig
from rolltrain_tui.modes.campaign_file import load
from rolltrain_tui.modes.dungeon.config import DungeonConfig
from rolltrain_tui.modes.dungeon.worlds.adventure import Adventure
from rolltrain_tui.modes.dungeon.worlds.settings import WorldSettings
from rolltrain_tui.runs.run import Run

Call = Callable[..., Answer]


def play(typed: str | bytes, *words: str) -> Answer:
    done = warm.run(
        [sys.executable, "-m", "rolltrain_tui", "dungeon", "--plain", *words],
        text_in=typed.encode() if isinstance(typed, str) else typed,
        capture_output=True,
    )
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.slow
def test_the_walkthrough_typed_into_a_pipe_wins_a_race_and_is_recorded(tmp_path: Path) -> None:
    way = Adventure(WorldSettings(rooms=5), 3).walkthrough
    record = tmp_path / "games.jsonl"
    answer = play("\n".join(["help", "map", "hint", "nonsense", *way]), *f"--seed 3 --rooms 5 --against random --record {record}".split())
    assert (answer.code, answer.err) == (0, "")
    assert "castle, 5 rooms, coin, seed 3" in answer.out
    assert f"goes on with: {way[0]}." in answer.out
    assert "I do not know how to nonsense. No move is lost." in answer.out
    assert "Random play: " in answer.out
    assert f"Won in {len(way)} moves with 4 of 4 points; the par is {len(way)}. No way is shorter." in answer.out
    rows = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    assert rows[0]["par"] == len(way)
    assert rows[-1]["won"]


@pytest.mark.slow
def test_escapes_and_megabytes_through_the_pipe_are_answered_and_shown_harmless() -> None:
    answer = play(b"\x1b[2J\x1b]0;owned\x07\n" + b"x" * 3_000_000 + b"\n\xff\xfe\x00\nlook", "--seed", "1")
    assert answer.code == 0
    assert "You look around." in answer.out
    assert all(char.isprintable() or char == "\n" for char in answer.out)
    assert max(map(len, answer.out.splitlines())) < 400


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--rooms 0", "rooms is 0; give a whole number from 1 to 16"),
        ("--rooms many", "'many' is not a valid integer"),
        ("--theme casle", "there is no theme 'casle' (do you mean castle?)"),
        ("--quest gold", "there is no quest 'gold'; choose from coin, cook"),
        ("--difficulty Hard", "there is no difficulty 'Hard' (do you mean hard?)"),
        ("--against guide --watch guide", "in a race you play yourself; give one of them"),
        ("--watch nobody", "there is no rival 'nobody'"),
        ("--watch guide --games 0", "--games"),
        ("--against model", "there is no rival 'model'; choose from random, guide, or name a run of kind dungeon"),
        ("--record nowhere/games.jsonl", "there is no folder nowhere; make it first"),
        ("--games 3", "--games and --limit belong to --watch"),
        ("--record .", "cannot be written there; name a file"),
        ("--seed 1.5", "'1.5' is not a valid integer"),
    ],
)
def test_a_wrong_option_is_a_sentence_and_exit_code_2(words: str, told: str, call: Call) -> None:
    answer = call("dungeon", "--plain", *words.split())
    assert answer.code == 2
    assert told in answer.err
    assert answer.out == ""


def test_games_are_watched_in_lines_and_recorded(call: Call, tmp_path: Path) -> None:
    record = tmp_path / "games.jsonl"
    answer = call("dungeon", "--watch", "guide", "--games", "3", "--seed", "5", "--record", record)
    assert (answer.code, answer.err) == (0, "")
    *_, counted, story = answer.out.splitlines()
    assert counted == "The guide won 3 of 3 games; efficiency 1.00, the par over its own moves."
    assert story.startswith("Its best game, castle, 4 rooms, coin, seed ")
    rows = [json.loads(line) for line in record.read_text("utf-8").splitlines()]
    assert [row["seed"] for row in rows if "seed" in row] == [5, 6, 7]
    assert all(row["logprob"] == 0 for row in rows if "action" in row)


def test_the_model_of_a_run_races_in_worlds_of_its_kind_that_it_has_not_seen(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load(CAMPAIGNS / "dungeon_first.yaml", DUNGEON)
    assert isinstance(config, DungeonConfig)
    run = Run.begin(config, base=CAMPAIGNS, runs=tmp_path).folder
    monkeypatch.setattr("sys.stdin", io.StringIO("look\n"))
    answer = call("dungeon", "--against", run.name, "--runs", tmp_path, "--plain")
    assert (answer.code, answer.err) == (0, "")
    assert "The model of turn 0: " in answer.out
    seed = int(answer.out.partition(", seed ")[2].partition(".")[0])
    assert seed >= config.world.count
    assert f"{config.world.rooms} rooms" in answer.out


def test_the_games_of_textworld_are_watched_and_have_no_options_of_built_in_worlds(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_textworld.installed(monkeypatch)
    answer = call("dungeon", "--textworld", "simple", "--watch", "guide", "--games", "2", "--seed", "1")
    assert (answer.code, answer.err) == (0, "TextWorld makes its games; that takes seconds for each.\n")
    assert "The guide won 2 of 2 games" in answer.out
    for words, told in [(("simple", "--rooms", "3"), "--rooms: of the built-in worlds"), (("none.z8",), "there is no game none.z8")]:
        refused = call("dungeon", "--plain", "--textworld", *words)
        assert (refused.code, told in refused.err) == (2, True)


def test_a_run_of_another_kind_is_no_rival(call: Call, tiny_config: Callable[..., CampaignConfig], tmp_path: Path) -> None:
    run = Run.begin(tiny_config(), base=CAMPAIGNS, runs=tmp_path)
    refused = call("dungeon", "--against", run.folder, "--plain")
    assert refused.code == 2
    assert "a run of kind supervised, which plays no adventures; name one of kind dungeon" in refused.err


def test_without_a_terminal_the_screen_is_refused_with_the_remedy(call: Call) -> None:
    answer = call("dungeon", "--seed", "1")
    assert answer.code == 2
    assert "With --plain it is played in lines." in answer.err
